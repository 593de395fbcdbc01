"""One path for all methods that send: https://core.telegram.org/bots/api#sendmessage and below."""

from __future__ import annotations

from functools import partial

from sandbox.errors import bad_request
from sandbox.methods import content, media, polls
from sandbox.methods.business import checklist
from sandbox.methods.call import Call, Handler
from sandbox.methods.ephemeral import PARAMETER, may_be_ephemeral, whisper
from sandbox.methods.games import sent_game
from sandbox.methods.invoices import invoice
from sandbox.methods.keyboards import inline_keyboard, reply_keyboard
from sandbox.methods.payments import INVOICE, terms
from sandbox.methods.replies import reply
from sandbox.methods.rich import rich_message
from sandbox.methods.topics import thread
from sandbox.world import members
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.pending import Poll
from sandbox.world.polls import begin


def file(call: Call, values: Json, kind: str) -> Json:
    """What a method is about that sends one file."""
    return media.file_content(call, kind, values[kind], values)


def live_photo(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendlivephoto"""
    return media.live_photo(call, values["photo"], values["live_photo"], values)


BUILDERS: dict[str, content.Builder] = {
    "sendMessage": content.text,
    "sendPoll": polls.poll,
    "sendDice": content.dice,
    "sendVenue": content.venue,
    "sendInvoice": invoice,
    "sendContact": content.contact,
    "sendLocation": content.location,
    "sendGame": sent_game,
    "sendPaidMedia": media.paid_media,
    "sendPhoto": partial(file, kind="photo"),
    "sendAudio": partial(file, kind="audio"),
    "sendDocument": partial(file, kind="document"),
    "sendVideo": partial(file, kind="video"),
    "sendAnimation": partial(file, kind="animation"),
    "sendVoice": partial(file, kind="voice"),
    "sendVideoNote": partial(file, kind="video_note"),
    "sendSticker": partial(file, kind="sticker"),
    "sendChecklist": checklist,
    "sendRichMessage": rich_message,
    "sendLivePhoto": live_photo,
}
ALBUMS = ({"photo", "live_photo", "video"}, {"audio"}, {"document"})
"""What may be in one album: https://core.telegram.org/bots/api#sendmediagroup."""
OLD_ACTIONS = {
    "record_audio": "record_voice",
    "upload_audio": "upload_voice",
    "pick_up_location": "find_location",
}
"""Names that Telegram's server still takes."""
ACTIONS = (
    *("typing", "cancel"),
    *("upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
    *("upload_document", "choose_sticker", "find_location"),
    *("record_video_note", "upload_video_note"),
)


async def send(call: Call) -> Json:
    """Any method of BUILDERS."""
    chat = call.open_chat()
    made = BUILDERS[call.method](call, call.params)
    return say(call, chat, made | inline_keyboard(call.params, chat))


async def send_media_group(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#sendmediagroup"""
    chat = call.open_chat()
    items = call.params["media"]
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > 10:
        raise bad_request("too many messages to send as an album")
    kinds = {item["type"] for item in items}
    if not any(kinds <= album for album in ALBUMS):
        other = max(kinds - ALBUMS[0])
        raise bad_request(f"{other} can't be mixed with other media types")
    if len({item.get("show_caption_above_media", False) for item in items}) > 1:
        text = "parameter show_caption_above_media must be the same for all messages"
        raise bad_request(text)
    group = {"media_group_id": call.world.new_id()} if len(items) > 1 else {}
    made = [media.input_media(call, item) for item in items]
    return [say(call, chat, one | group) for one in made]


async def send_chat_action(call: Call) -> bool:
    """https://core.telegram.org/bots/api#sendchataction"""
    chat = call.open_chat()
    named = call.params["action"].lower()
    action = OLD_ACTIONS.get(named, named)
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    thread(call, chat)
    chat.tell("action", call.bot.bot_id, action=action)
    return True


def say(call: Call, chat: Chat, made: Json) -> Json:
    """A message of the bot, with what all methods that send have in common. Raises ApiError 400."""
    params, bot = call.params, call.bot
    if forbidden := members.forbidden(chat, bot.bot_id, made):
        raise bad_request(f"not enough rights to send {forbidden} to the chat")
    made |= thread(call, chat) | reply(call, chat)
    if params.get("protect_content"):
        made["has_protected_content"] = True
    if params.get("message_effect_id", "").isdecimal():
        made["effect_id"] = params["message_effect_id"]
    if PARAMETER in params:
        return whisper(call, chat, made)
    keyboard = reply_keyboard(call, chat)
    sender = bot.user
    if chat.business:
        sender = call.connection().described["user"]
        made["sender_business_bot"] = bot.user
    message = call.world.post(chat, sender, made, bot_id=bot.bot_id, keyboard=keyboard)
    if "poll" in made and made["poll"]["id"] not in call.world.polls:
        begin(call.world, made["poll"], Poll(bot.bot_id, chat, message["message_id"]))
    if "invoice" in made or "paid_media" in made:
        chat.messages[message["message_id"]].terms = terms(params)
    return message


FAMILIES: dict[str, Handler] = dict.fromkeys(BUILDERS, send)
# What only telephones, purses, providers and Telegram's servers would feel is taken, too: a sound,
# the price of a broadcast, how a file is streamed.
COMMON = (
    *("disable_notification", "protect_content", "allow_paid_broadcast"),
    *("message_thread_id", "reply_parameters"),
)
MORE = ("message_effect_id", "reply_to_message_id", "allow_sending_without_reply")
CAPTION = ("caption", "parse_mode", "caption_entities")
SPOILER = ("show_caption_above_media", "has_spoiler")
SIZE = ("duration", "width", "height", "thumbnail")
MODELS = {
    method: (*COMMON, *MORE, "business_connection_id", "reply_markup", *own)
    for method, own in {
        "sendMessage": (
            *("parse_mode", "entities", "link_preview_options", "disable_web_page_preview"),
        ),
        "sendPoll": (
            *("question_parse_mode", "question_entities", "is_anonymous", "type", "is_closed"),
            *("allows_multiple_answers", "allows_revoting", "members_only", "correct_option_id"),
            *("correct_option_ids", "explanation", "explanation_parse_mode"),
            *("explanation_entities", "explanation_media", "open_period", "close_date"),
            *("description", "description_parse_mode", "description_entities", "media"),
            "country_codes",
        ),
        "sendDice": ("emoji",),
        "sendVenue": (
            *("foursquare_id", "foursquare_type", "google_place_id", "google_place_type"),
        ),
        "sendContact": ("last_name", "vcard"),
        "sendLocation": (
            *("horizontal_accuracy", "live_period", "heading", "proximity_alert_radius"),
        ),
        "sendGame": (),
        "sendPhoto": (*CAPTION, *SPOILER),
        "sendAudio": (*CAPTION, "duration", "performer", "title", "thumbnail"),
        "sendDocument": (*CAPTION, "thumbnail", "disable_content_type_detection"),
        "sendVideo": (
            *(*CAPTION, *SPOILER, *SIZE),
            *("cover", "start_timestamp", "supports_streaming"),
        ),
        "sendAnimation": (*CAPTION, *SPOILER, *SIZE),
        "sendVoice": (*CAPTION, "duration"),
        "sendVideoNote": ("duration", "length", "thumbnail"),
        "sendSticker": ("emoji",),
    }.items()
}
MODELS |= {
    "sendInvoice": (*COMMON, *MORE, "reply_markup", *INVOICE, "start_parameter"),
    "sendMediaGroup": (*COMMON, *MORE, "business_connection_id"),
    "sendChatAction": ("message_thread_id", "business_connection_id"),
    "sendLivePhoto": (
        *(*COMMON, *CAPTION, *SPOILER, "message_effect_id"),
        *("business_connection_id", "reply_markup"),
    ),
    "sendRichMessage": (*(*COMMON, "message_effect_id", "business_connection_id", "reply_markup"),),
    "sendPaidMedia": (
        *(*COMMON, *CAPTION, "show_caption_above_media", "payload", "reply_markup"),
        "business_connection_id",
    ),
    "sendChecklist": (
        *("disable_notification", "protect_content", "message_effect_id"),
        *("reply_parameters", "reply_markup"),
    ),
}
MODELS |= {
    method: (*modelled, PARAMETER)
    for method, modelled in MODELS.items()
    if may_be_ephemeral(method)
}
