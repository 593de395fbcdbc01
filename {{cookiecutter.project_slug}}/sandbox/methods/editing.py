"""Methods that change messages: https://core.telegram.org/bots/api#updating-messages."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods import content, media
from sandbox.methods.call import Call
from sandbox.methods.keyboards import inline_keyboard
from sandbox.methods.members import has_right
from sandbox.world.chats import Chat, Stored
from sandbox.world.events import Json

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
UNCHANGEABLE = {"contact", "dice", "invoice", "location", "sticker", "venue", "video_note"}
"""Of such messages only the keyboard can be edited."""
WITH_MEDIA = {"animation", "audio", "document", "photo", "text", "video"}
"""https://core.telegram.org/bots/api#editmessagemedia"""
CREATED = {"channel_chat_created", "forum_topic_created", "supergroup_chat_created"}
"""What stays: #deletemessage."""
DAY = 86400
DELETABLE = 2 * DAY
"""Seconds: https://core.telegram.org/bots/api#deletemessage."""
FARTHEST_END = 90 * DAY
"""Seconds by which a live location may be prolonged at once, and at all."""
LIVE = ("live_period", "horizontal_accuracy", "heading", "proximity_alert_radius")
CAPTION = ("caption", "caption_entities", "show_caption_above_media")


async def edit_message_text(call: Call) -> object:
    """https://core.telegram.org/bots/api#editmessagetext"""
    chat, stored = changeable(call)
    if "text" not in stored.message:
        raise bad_request("there is no text in the message to edit")
    return edit(call, chat, stored, content.text(call, call.params), content.TEXT)


async def edit_message_caption(call: Call) -> object:
    """https://core.telegram.org/bots/api#editmessagecaption"""
    chat, stored = changeable(call)
    if not any(kind in stored.message for kind in (*content.MEDIA, "paid_media")):
        raise bad_request("there is no caption in the message to edit")
    return edit(call, chat, stored, content.caption(call, call.params), CAPTION)


async def edit_message_media(call: Call) -> object:
    """https://core.telegram.org/bots/api#editmessagemedia"""
    problem = "message media can't be edited"
    chat, stored = call.own_message(foreign=problem)
    if not WITH_MEDIA & stored.message.keys():
        raise bad_request(problem)
    made = media.input_media(call, call.params["media"])
    return edit(call, chat, stored, made, content.CONTENT)


async def edit_message_reply_markup(call: Call) -> object:
    """https://core.telegram.org/bots/api#editmessagereplymarkup"""
    chat, stored = call.own_message()
    return edit(call, chat, stored, {}, ())


async def edit_message_live_location(call: Call) -> object:
    """https://core.telegram.org/bots/api#editmessagelivelocation"""
    chat, stored = live_location(call)
    made = content.location(call, call.params | {"live_period": content.FOR_EVER})
    made["location"]["live_period"] = live_period(call, stored)
    return edit(call, chat, stored, made, ("location",))


async def stop_message_live_location(call: Call) -> object:
    """https://core.telegram.org/bots/api#stopmessagelivelocation"""
    chat, stored = live_location(call)
    where = {n: v for n, v in stored.message["location"].items() if n not in LIVE}
    return edit(call, chat, stored, {"location": where}, ("location",))


async def stop_poll(call: Call) -> Json:
    """https://core.telegram.org/bots/api#stoppoll: the bot gets the update `poll`, too."""
    chat, stored = call.own_message("message with poll to stop not found", "poll can't be stopped")
    poll: Json | None = stored.message.get("poll")
    if poll is None:
        raise bad_request("message is not a poll")
    if poll["is_closed"]:
        raise bad_request("poll has already been closed")
    closed = poll | {"is_closed": True}
    edit(call, chat, stored, {"poll": closed}, ("poll",))
    call.bot.enter([{"poll": closed}])
    return closed


async def delete_message(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemessage"""
    if not call.params.get("message_id"):
        raise bad_request("message identifier is not specified")
    chat = call.chat()
    delete(call, chat, [call.message(chat, "message to delete not found")])
    return True


async def delete_messages(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemessages: those that are not there are skipped."""
    chat = call.chat()
    ids = dict.fromkeys(call.message_ids())
    delete(call, chat, [chat.messages[one] for one in ids if one in chat.messages])
    return True


def delete(call: Call, chat: Chat, messages: list[Stored]) -> None:
    """Deletes messages: in groups, those of others only with the right to. Raises ApiError 400."""
    moderates = chat.bot_id is None and has_right(call, chat, "can_delete_messages")
    if not all(moderates or deletable(call, chat, stored) for stored in messages):
        where = "" if chat.info["type"] == "supergroup" else " for everyone"
        raise bad_request(f"message can't be deleted{where}")
    if any(CREATED & stored.message.keys() for stored in messages):
        raise bad_request("message can't be deleted")
    for stored in messages:
        chat.delete(stored.message["message_id"])


def deletable(call: Call, chat: Chat, stored: Stored) -> bool:
    """Whether a bot that is no moderator may delete a message: for two days, dice in private chats
    not before one is over, of others in private chats alone."""
    age = call.world.clock.now() - stored.message["date"]
    private = chat.bot_id is not None
    rolls = private and "dice" in stored.message and age < DAY
    return (private or stored.bot_id == call.bot.bot_id) and age < DELETABLE and not rolls


def changeable(call: Call) -> tuple[Chat, Stored]:
    """The message to edit, of which more than the keyboard can change. Raises ApiError 400."""
    chat, stored = call.own_message()
    if UNCHANGEABLE & stored.message.keys():
        raise bad_request("message can't be edited")
    return chat, stored


def live_location(call: Call) -> tuple[Chat, Stored]:
    """The message to edit, which must hold a live location. Raises ApiError 400."""
    chat, stored = call.own_message()
    if "live_period" not in stored.message.get("location", {}):
        raise bad_request("message can't be edited")
    return chat, stored


def live_period(call: Call, stored: Stored) -> int:
    """How long a live location is to be live: #editmessagelivelocation. Raises ApiError 400."""
    old: int = stored.message["location"]["live_period"]
    new: int = call.params.get("live_period", old)
    ends = stored.message["date"] + new - call.world.clock.now()
    if new not in (old, content.FOR_EVER) and (new > old + DAY or ends > FARTHEST_END):
        raise bad_request("wrong live location period specified")
    return new


def edit(call: Call, chat: Chat, stored: Stored, made: Json, replaced: tuple[str, ...]) -> object:
    """Puts new content into a message; a keyboard that is not given again goes. Returns the
    Message, or True for one that inline mode sent. Raises ApiError 400."""
    made = made | inline_keyboard(call.params, chat)
    replaced = (*replaced, "reply_markup")
    old = stored.message
    if all(comparable(old.get(name)) == comparable(made.get(name)) for name in replaced):
        raise bad_request(NOT_MODIFIED)
    message = {name: value for name, value in old.items() if name not in replaced}
    message |= {"edit_date": call.world.clock.date} | made
    chat.edit(message)
    return True if stored.inline_id else message


def comparable(value: object) -> object:
    """A value without the ids that the same file has anew at each upload."""
    if isinstance(value, dict):
        return {n: comparable(v) for n, v in value.items() if n != "file_id"}
    return [comparable(one) for one in value] if isinstance(value, list) else value


WHICH = (
    *("chat_id", "message_id", "inline_message_id", "reply_markup"),
    "business_connection_id",
)
MODELS = {
    "editMessageText": (
        *(*WHICH, "text", "parse_mode", "entities"),
        *("link_preview_options", "disable_web_page_preview"),
    ),
    "editMessageCaption": (
        *(*WHICH, "caption", "parse_mode", "caption_entities", "show_caption_above_media"),
    ),
    "editMessageMedia": WHICH,
    "editMessageReplyMarkup": WHICH,
    "editMessageLiveLocation": (*WHICH, *LIVE),
    "stopMessageLiveLocation": WHICH,
    "stopPoll": ("reply_markup", "business_connection_id"),
}
