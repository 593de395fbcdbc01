"""What a message replies to: https://core.telegram.org/bots/api#replyparameters."""

from __future__ import annotations

from sandbox.entities import utf16_length
from sandbox.errors import bad_request
from sandbox.methods import content
from sandbox.methods.call import Call
from sandbox.world.chats import Chat, Stored
from sandbox.world.events import Json

QUOTED = {
    *("bold", "italic", "underline", "strikethrough", "spoiler"),
    *("custom_emoji", "date_time"),
}
"""Entities that a quote has as the message has them."""


def reply(call: Call, chat: Chat) -> Json:
    """The fields that tell what is replied to. Raises ApiError 400."""
    told = call.params.get("reply_parameters", {})
    message_id = told.get("message_id") or call.params.get("reply_to_message_id")
    if not message_id:
        return {}
    source = call.chat_of(told["chat_id"]) if "chat_id" in told else chat
    stored = source.messages.get(message_id)
    if stored is None:
        if told.get("allow_sending_without_reply", call.params.get("allow_sending_without_reply")):
            return {}
        raise bad_request("message to be replied not found")
    made = quote(call, stored, told) if told.get("quote") else {}
    if told.get("poll_option_id"):
        options = stored.message.get("poll", {}).get("options", [])
        if told["poll_option_id"] not in [one["persistent_id"] for one in options]:
            raise bad_request("POLL_OPTION_INVALID")
        made["reply_to_poll_option_id"] = told["poll_option_id"]
    if source is chat:
        return made | {"reply_to_message": content.alone(stored.message)}
    about = {"origin": content.origin(stored.message), "message_id": message_id}
    return made | {
        "external_reply": about | ({"chat": source.info} if source.bot_id is None else {})
    }


def quote(call: Call, stored: Stored, told: Json) -> Json:
    """The field for a part of the message, of several places the one that is nearest to
    `quote_position`: https://core.telegram.org/bots/api#textquote. Raises ApiError 400."""
    given = {"text": told["quote"], "entities": told.get("quote_entities", [])}
    given["parse_mode"] = told.get("quote_parse_mode")
    made = {"text": "", **content.formatted(call, given, "text", "entities")}
    message, part, length = stored.message, made["text"], utf16_length(made["text"])
    whole = message.get("text") or message.get("caption") or ""
    entities = message.get("entities") or message.get("caption_entities") or []
    wanted = inside(made.pop("entities", []), 0, length)
    starts = [at for at in range(len(whole) - len(part) + 1) if whole.startswith(part, at)]
    places = [utf16_length(whole[:at]) for at in starts if part]
    right = [one for one in places if inside(entities, one, length) == wanted]
    if not right:
        raise bad_request("QUOTE_TEXT_INVALID")
    place = min(right, key=lambda one: abs(one - told.get("quote_position", 0)))
    kept = {"entities": wanted} if wanted else {}
    return {"quote": {"text": part, **kept, "position": place, "is_manual": True}}


def inside(entities: list[Json], start: int, length: int) -> list[Json]:
    """The part of entities that is in a part of a text, of those that a quote has."""
    found = []
    for one in entities:
        begin = max(one["offset"], start)
        end = min(one["offset"] + one["length"], start + length)
        if one["type"] in QUOTED and begin < end:
            found.append(one | {"offset": begin - start, "length": end - begin})
    return sorted(found, key=lambda one: (one["offset"], one["length"], one["type"]))
