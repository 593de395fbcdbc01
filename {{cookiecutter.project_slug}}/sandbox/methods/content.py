"""What a message is made of, put together from parameters by aiogram's description of a Message.

https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from aiogram.types import Message, TelegramObject

from sandbox.entities import detect, parse, trim, utf16_length, utf16_part
from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.decode import field_types, member_type
from sandbox.world.events import Json

Builder = Callable[[Call, Json], Json]
"""Makes the fields of a Message that one method is about, from values. Raises ApiError."""
EMPTY: dict[Any, object] = {str: "", bool: False}
EMPTY_TEXT = "text must be non-empty"
"""What Telegram says of one that holds nothing that can be seen."""
LONGEST_TEXT = 4096
"""UTF-16 code units after formatting: https://core.telegram.org/bots/api#sendmessage."""
LONGEST_CAPTION = 1024
"""The same, of a caption: https://core.telegram.org/bots/api#sendphoto."""
DICE = {"🎲": 6, "🎯": 6, "🏀": 5, "⚽": 5, "🎳": 6, "🎰": 64}
"""The highest value of each: https://core.telegram.org/bots/api#dice."""
FOR_EVER = 2**31 - 1
"""The `live_period` without an end: https://core.telegram.org/bots/api#sendlocation."""
LEAST_ACCURATE = 1500
FARTHEST = 100_000
"""Metres: #sendlocation."""
LIVE = ("live_period", "heading", "proximity_alert_radius")
"""What only a live location has."""
LONGEST_VCARD = 2048
"""Bytes: https://core.telegram.org/bots/api#sendcontact."""
STARS = "XTR"
MEDIA = ("animation", "audio", "document", "photo", "sticker", "video", "video_note", "voice")
"""The fields of a Message that are a file."""
CAPTION = ("caption", "caption_entities", "has_media_spoiler", "show_caption_above_media")
TEXT = ("text", "entities", "link_preview_options")
LONGEST_SOURCE = 2**15
"""Bytes of a text before formatting."""
CONTENT = (
    *(*MEDIA, *CAPTION, *TEXT),
    *("checklist", "contact", "dice", "game", "invoice", "live_photo", "location"),
    *("paid_media", "poll", "rich_message", "venue"),
)
"""All that a message can be about."""


def text(call: Call, values: Json) -> Json:
    """The text of a message. Raises ApiError 400."""
    content = formatted(call, values, "text", "entities")
    if not content:
        raise bad_request(EMPTY_TEXT if values.get("text") else "message text is empty")
    if utf16_length(content["text"]) > LONGEST_TEXT:
        raise bad_request("message is too long")
    if options := preview(values, content):
        content["link_preview_options"] = options
    return content


def preview(values: Json, content: Json) -> Json:
    """What a message tells of the preview of its link; empty when it has none."""
    legacy = {"is_disabled": values.get("disable_web_page_preview", False)}
    given = values.get("link_preview_options", legacy)
    options = {name: one for name, one in given.items() if one}
    if not options.get("is_disabled") and (found := first_link(content)):
        options = {"url": found, **options}
    return options


def first_link(content: Json) -> str:
    """The first address in a text, empty without one."""
    for one in content.get("entities", []):
        if one["type"] == "text_link":
            return str(one["url"])
        if one["type"] == "url":
            return utf16_part(content["text"], one["offset"], one["length"])
    return ""


def caption(call: Call, values: Json) -> Json:
    """The caption of a file. Raises ApiError 400."""
    content = formatted(call, values, "caption", "caption_entities")
    if utf16_length(content.get("caption", "")) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    if values.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    if values.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return content


def formatted(call: Call, values: Json, name: str, given: str, mode: str = "parse_mode") -> Json:
    """A text with its entities, without what is empty: those given, those in its markup and those
    that Telegram finds.

    https://core.telegram.org/bots/api#formatting-options. Raises ApiError 400.
    """
    value, entities = values.get(name, ""), values.get(given, [])
    if len(value.encode()) > LONGEST_SOURCE:
        raise bad_request("text is too long")
    if values.get(mode):
        value, entities = parse(value, values[mode])
    value, entities = trim(value, entities)
    known = call.world.users.keys() | call.world.bots.keys()
    made = []
    for one in entities:
        if one["type"] != "text_mention":
            made.append(one)
        elif one.get("user", {}).get("id") in known:
            made.append(one | {"user": call.world.user(one["user"]["id"])})
    found = {name: value, given: detect(value, made)}
    return {name: one for name, one in found.items() if one}


def described(model: type[TelegramObject], values: Json) -> Json:
    """One of Telegram's objects, from the values that are there; what it needs beyond is empty."""
    made = {}
    for name, field in field_types(model).items():
        if values.get(name) is not None:
            made[name] = values[name]
        elif field.is_required():
            made[name] = EMPTY.get(field.annotation, 0)
    return made


def alone(message: Json) -> Json:
    """A message inside another one, which tells of no further ones."""
    inner = ("reply_to_message", "external_reply", "quote", "pinned_message")
    return {name: value for name, value in message.items() if name not in inner}


def origin(message: Json) -> Json:
    """Where a message came from first: https://core.telegram.org/bots/api#messageorigin."""
    if chat := message.get("sender_chat"):
        about = {"chat": chat, "message_id": message["message_id"], "date": message["date"]}
        return message.get("forward_origin") or {"type": "channel", **about}
    user = message.get("from", {"id": 0, "is_bot": False, "first_name": "Nobody"})
    first = {"type": "user", "sender_user": user, "date": message.get("date", 0)}
    found: Json = message.get("forward_origin", first)
    return found


def dice(_: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#senddice. Raises ApiError 400."""
    emoji = values.get("emoji", "🎲").replace("\ufe0f", "")
    if emoji not in DICE:
        raise bad_request("EMOTICON_INVALID")
    return {"dice": {"emoji": emoji, "value": random.randint(1, DICE[emoji])}}


def location(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendlocation. Raises ApiError 400."""
    if abs(values["latitude"]) > 90 or abs(values["longitude"]) > 180:
        raise bad_request("wrong location specified")
    accuracy = values.get("horizontal_accuracy", 0)
    where = values | {"horizontal_accuracy": min(max(0, accuracy), LEAST_ACCURATE) or None}
    period = values.get("live_period")
    if not period:
        return plain(call, {n: one for n, one in where.items() if n not in LIVE}, "location")
    if period != FOR_EVER and not 60 <= period <= 86400:
        raise bad_request("wrong live location period specified")
    if not 0 <= values.get("heading", 0) <= 360:
        raise bad_request("wrong live location heading specified")
    if not 0 <= values.get("proximity_alert_radius", 0) <= FARTHEST:
        raise bad_request("wrong live location proximity alert radius specified")
    return plain(call, where, "location")


def venue(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendvenue. Raises ApiError 400."""
    where = location(call, values)
    return where | plain(call, values | where, "venue")


def plain(_: Call, values: Json, kind: str) -> Json:
    """A content that is described by parameters of the same names: a contact, a location."""
    return {kind: described(member_type(Message, kind), values)}


def contact(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendcontact. Raises ApiError 400; what Telegram says of a
    vCard that is too long is not documented."""
    if len(values.get("vcard", "").encode()) > LONGEST_VCARD:
        raise bad_request("vCard is too long")
    return plain(call, values, "contact")
