"""Methods about messages: https://core.telegram.org/bots/api#available-methods."""

from __future__ import annotations

import time

from sandbox.api import Answer, Call
from sandbox.chats import Chat, Json, Stored
from sandbox.entities import parse_html, utf16_length
from sandbox.errors import bad_request
from sandbox.params import check_objects

LONGEST_TEXT = 4096
"""UTF-16 code units after formatting: https://core.telegram.org/bots/api#sendmessage."""
LONGEST_DATA = 64
"""Bytes of callback_data: https://core.telegram.org/bots/api#inlinekeyboardbutton."""
LONGEST_ANSWER = 200
"""Characters: https://core.telegram.org/bots/api#answercallbackquery."""
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
BUTTON_KINDS = (
    "url",
    "login_url",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
ACTIONS = (
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
)


async def send_message(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#sendmessage"""
    chat = call.chat()
    content = read_text(call) | read_keyboard(call)
    replied = read_reply(call, chat)
    if replied is not None:
        content["reply_to_message"] = {
            name: value for name, value in replied.items() if name != "reply_to_message"
        }
    return Answer(call.sandbox.say(call.bot, chat, content, read_reply_keyboard(call, chat)))


async def edit_message_text(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#editmessagetext"""
    chat, stored = own_message(call)
    return Answer(edit(chat, stored, read_text(call) | read_keyboard(call), ("text", "entities")))


async def edit_message_reply_markup(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#editmessagereplymarkup"""
    chat, stored = own_message(call)
    return Answer(edit(chat, stored, read_keyboard(call), ()))


async def delete_message(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#deletemessage"""
    chat = call.chat()
    chat.delete(find_message(call, chat, "message to delete not found").message["message_id"])
    return Answer(result=True)


async def answer_callback_query(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#answercallbackquery"""
    text = call.params.text("text")
    if len(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    alert = call.params.boolean("show_alert")
    chat = call.sandbox.answer_query(call.bot, call.params.text("callback_query_id"))
    if chat is None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    chat.tell({"event": "callback_answer", "text": text, "show_alert": alert})
    return Answer(result=True)


async def send_chat_action(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#sendchataction"""
    chat = call.chat()
    action = call.params.text("action")
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.tell({"event": "action", "action": action})
    return Answer(result=True)


def read_text(call: Call) -> Json:
    """Text and entities of a message."""
    text = call.params.text("text")
    entities = call.params.json_objects("entities", "message entities") or []
    mode = call.params.text("parse_mode").lower()
    if mode == "html":
        text, entities = parse_html(text)
    elif mode not in ("", "markdown", "markdownv2"):
        raise bad_request("unsupported parse_mode")
    if not text.strip():
        raise bad_request("message text is empty")
    if utf16_length(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    text = text.rstrip()
    if not entities and text[0].isspace():
        text = text.lstrip()
    return {"text": text, "entities": entities} if entities else {"text": text}


def read_keyboard(call: Call) -> Json:
    """The inline keyboard, which is part of a Message.

    https://core.telegram.org/bots/api#inlinekeyboardmarkup
    """
    markup = call.params.json_object("reply_markup", "reply keyboard markup")
    rows = (markup or {}).get("inline_keyboard")
    if not rows:
        return {}
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard markup: array of arrays expected")
    for row in rows:
        for button in check_objects(row, "inline keyboard") or ():
            check_button(button)
    return {"reply_markup": {"inline_keyboard": rows}}


def read_reply_keyboard(call: Call, chat: Chat) -> Json | None:
    """The keyboard below the chat, or what takes it away; None if there is neither.

    https://core.telegram.org/bots/api#replykeyboardmarkup, #replykeyboardremove, #forcereply
    """
    markup = call.params.json_object("reply_markup", "reply keyboard markup") or {}
    if markup.get("remove_keyboard") or markup.get("force_reply"):
        return markup
    rows = markup.get("keyboard")
    if not rows:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse reply keyboard markup: array of arrays expected")
    rows = [[{"text": one} if isinstance(one, str) else one for one in row] for row in rows]
    for row in rows:
        for button in check_objects(row, "reply keyboard") or ():
            if not button.get("text"):
                raise bad_request(
                    'can\'t parse reply keyboard button: Field "text" must be non-empty'
                )
            if "request_managed_bot" in button and chat.info["type"] != "private":
                raise bad_request("BUTTON_TYPE_INVALID")
    return markup | {"keyboard": rows}


def check_button(button: Json) -> None:
    """Raises ApiError 400 for a button that Telegram refuses."""
    if not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
    data = button.get("callback_data")
    if data is not None:
        if not 1 <= len(str(data).encode()) <= LONGEST_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
    elif not any(kind in button for kind in BUTTON_KINDS):
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )


def read_reply(call: Call, chat: Chat) -> Json | None:
    """The message that is replied to: https://core.telegram.org/bots/api#replyparameters."""
    reply = call.params.json_object("reply_parameters", "reply parameters") or {}
    message_id = reply.get("message_id") or call.params.whole("reply_to_message_id")
    if not message_id:
        return None
    stored = chat.messages.get(int(message_id))
    if stored is not None:
        return stored.message
    if reply.get("allow_sending_without_reply") or call.params.boolean(
        "allow_sending_without_reply"
    ):
        return None
    raise bad_request("message to be replied not found")


def find_message(call: Call, chat: Chat, missing: str) -> Stored:
    """The message of `message_id`."""
    message_id = call.params.whole("message_id")
    if not message_id:
        raise bad_request("message identifier is not specified")
    stored = chat.messages.get(message_id)
    if stored is None:
        raise bad_request(missing)
    return stored


def own_message(call: Call) -> tuple[Chat, Stored]:
    """The message to edit, which must be the bot's."""
    chat = call.chat()
    stored = find_message(call, chat, "message to edit not found")
    if not stored.by_bot:
        raise bad_request("message can't be edited")
    return chat, stored


def edit(chat: Chat, stored: Stored, content: Json, replaced: tuple[str, ...]) -> Json:
    """Puts new content into a message; a keyboard that is not given again goes."""
    replaced = (*replaced, "reply_markup")
    old = stored.message
    if all(old.get(name) == content.get(name) for name in replaced):
        raise bad_request(NOT_MODIFIED)
    message = {name: value for name, value in old.items() if name not in replaced}
    message |= {"edit_date": int(time.time())} | content
    chat.edit(message)
    return message
