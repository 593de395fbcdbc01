"""Messages that one member of a group sees: #ephemeral-messages-and-commands."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods import content, media
from sandbox.methods.call import Call, Handler
from sandbox.methods.decode import TOO_OLD, known_methods
from sandbox.methods.editing import CAPTION, NOT_MODIFIED, comparable
from sandbox.methods.keyboards import inline_keyboard
from sandbox.methods.members import GROUPS
from sandbox.methods.rich import rich_message
from sandbox.world.chats import Chat
from sandbox.world.events import Json

PARAMETER = "ephemeral_message_parameters"


def whisper(call: Call, chat: Chat, made: Json) -> Json:
    """A message for the `receiver_user_id` alone, who must be in the group. Raises ApiError 400."""
    told = call.params[PARAMETER]
    user_id = told["receiver_user_id"]
    if chat.bot_id is not None or chat.is_channel:
        raise bad_request(GROUPS)
    if not chat.is_member(user_id):
        raise bad_request("USER_NOT_PARTICIPANT")
    if query_id := told.get("callback_query_id"):
        press = call.world.presses.get(query_id)
        if press is None or (press.bot_id, press.user_id) != (call.bot.bot_id, user_id):
            raise bad_request(TOO_OLD)
    if told.get("replace_callback_query_message"):
        name = "replace_callback_query_message"
        raise bad_request(f'the sandbox does not model "{name}": leave it out here')
    number = max((one for who, one in chat.whispers if who == user_id), default=0) + 1
    message = {
        "message_id": 0,
        "from": call.bot.user,
        "chat": chat.info,
        "date": call.world.clock.date,
        **made,
        "ephemeral_message_id": number,
        "receiver_user": call.world.user(user_id),
    }
    chat.whispers[user_id, number] = message
    chat.tell("ephemeral", call.bot.bot_id, user_id=user_id, message=message)
    return message


async def edit_ephemeral(call: Call) -> bool:
    """https://core.telegram.org/bots/api#editephemeralmessagetext, …caption, …media and
    …replymarkup"""
    chat, key = own(call)
    old = chat.whispers[key]
    made, replaced = new_content(call)
    made |= inline_keyboard(call.params, chat)
    replaced = (*replaced, "reply_markup")
    if all(comparable(old.get(name)) == comparable(made.get(name)) for name in replaced):
        raise bad_request(NOT_MODIFIED)
    kept = {name: value for name, value in old.items() if name not in replaced}
    message = chat.whispers[key] = {**kept, "edit_date": call.world.clock.date, **made}
    chat.tell("ephemeral_edit", call.bot.bot_id, user_id=key[0], message=message)
    return True


async def delete_ephemeral_message(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deleteephemeralmessage"""
    chat, key = own(call)
    del chat.whispers[key]
    user_id, number = key
    chat.tell("ephemeral_delete", call.bot.bot_id, user_id=user_id, ephemeral_message_id=number)
    return True


def own(call: Call) -> tuple[Chat, tuple[int, int]]:
    """The chat and the key of the bot's message to somebody. Raises ApiError 400."""
    chat = call.open_chat()
    key = (call.params["receiver_user_id"], call.params["ephemeral_message_id"])
    if key not in chat.whispers or chat.whispers[key]["from"]["id"] != call.bot.bot_id:
        raise bad_request("MESSAGE_ID_INVALID")
    return chat, key


def new_content(call: Call) -> tuple[Json, tuple[str, ...]]:
    """What an edit puts into a message, and the fields that go. Raises ApiError 400."""
    match call.method.removeprefix("editEphemeralMessage"):
        case "Text" if "rich_message" in call.params:
            return rich_message(call, call.params), (*content.TEXT, "rich_message")
        case "Text":
            return content.text(call, call.params), (*content.TEXT, "rich_message")
        case "Caption":
            return content.caption(call, call.params), CAPTION
        case "Media":
            return media.input_media(call, call.params["media"]), content.CONTENT
    return {}, ()


def may_be_ephemeral(method: str) -> bool:
    """Whether a method can send to one member alone."""
    return PARAMETER in known_methods()[method.lower()].model_fields


WHAT = ("Text", "Caption", "Media", "ReplyMarkup")
FAMILIES: dict[str, Handler] = {f"editEphemeralMessage{one}": edit_ephemeral for one in WHAT}
MODELS = {
    "editEphemeralMessageText": (
        *("text", "parse_mode", "entities", "link_preview_options", "rich_message"),
        "reply_markup",
    ),
    "editEphemeralMessageCaption": (
        *("caption", "parse_mode", "caption_entities", "show_caption_above_media"),
        "reply_markup",
    ),
    "editEphemeralMessageMedia": ("reply_markup",),
    "editEphemeralMessageReplyMarkup": ("reply_markup",),
}
