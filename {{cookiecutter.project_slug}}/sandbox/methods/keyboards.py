"""Keyboards: https://core.telegram.org/bots/api#inlinekeyboardmarkup, #replykeyboardmarkup."""

from __future__ import annotations

import re
from typing import Any

from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    TelegramObject,
)
from yarl import URL

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.structure import Words, checked
from sandbox.world.chats import Chat
from sandbox.world.events import Json

LONGEST_DATA = 64
"""Bytes of callback_data: https://core.telegram.org/bots/api#inlinekeyboardbutton."""
LONGEST_COPY = 256
"""Characters of a text to copy: #copytextbutton."""
LONGEST_PLACEHOLDER = 64
"""#replykeyboardmarkup; what Telegram says of a longer one is not documented."""
MOST_BUTTONS = 100
"""Of an inline keyboard, as Telegram's servers have it; the documentation does not tell."""
LOOKS = {"text", "style", "icon_custom_emoji_id"}
"""What an inline button has besides what it does."""
INLINE = Words("reply markup", one="inline keyboard button")
REPLY = Words("reply markup", one="keyboard button")
PROBLEMS = {
    "keyboard": (
        'field "keyboard" must be an Array of Arrays',
        "can't parse keyboard button: KeyboardButton must be a String or an Object",
    ),
    "inline_keyboard": (
        'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
    ),
}
"""What is wrong with a keyboard, and with a button in it."""
PRIVATE = {
    "request_contact": "phone number can be requested in private chats only",
    "request_location": "location can be requested in private chats only",
    "request_poll": "poll can be requested in private chats only",
    "request_users": "users can be requested in private chats only",
    "request_chat": "chats can be requested in private chats only",
    "request_managed_bot": "managed bots can be requested in private chats only",
    "web_app": "web App buttons can be used in private chats only",
}
"""Reply buttons that groups cannot have: https://core.telegram.org/bots/api#keyboardbutton."""


def inline_keyboard(values: Json, chat: Chat | None) -> Json:
    """The inline keyboard, which is part of a Message in a chat, or with None in any that inline
    mode is used in. Raises ApiError 400."""
    markup = values.get("reply_markup", {})
    keyboard = [
        [checked(InlineKeyboardButton, button, INLINE) for button in row]
        for row in rows(markup, "inline_keyboard")
    ]
    if sum(map(len, keyboard)) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for row in keyboard:
        for button in row:
            check_inline(button)
            if "web_app" in button and not (chat and chat.bot_id):
                raise bad_request("BUTTON_TYPE_INVALID")
    return {"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {}


def check_inline(button: Json) -> None:
    """Raises ApiError 400 for a button that Telegram refuses."""
    does = button.keys() - LOOKS
    if not any(button[name] or name not in ("url", "callback_data") for name in does):
        text = "Text buttons are unallowed in the inline keyboard"
        raise bad_request(f"can't parse inline keyboard button: {text}")
    if len(button.get("callback_data", "").encode()) > LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if not 1 <= len(button.get("copy_text", {"text": "x"})["text"]) <= LONGEST_COPY:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    check_address("", button.get("url", ""))
    check_address("Web App ", button.get("web_app", {}).get("url", ""))


def check_address(which: str, address: str) -> None:
    """Raises ApiError 400 for an address that no button may have; hosts have a dot at least."""
    if not address or address.startswith(("tg:", "ton:")):
        return
    try:
        url = URL(address if "://" in address else f"http://{address}")
    except ValueError:
        url = URL()
    problem = "" if re.search(r"[^.]\.[^.]|:", url.host or "") else "Wrong HTTP URL"
    if which and url.scheme != "https":
        problem = "Only HTTPS links are allowed"
    if problem:
        raise bad_request(f"inline keyboard button {which}URL '{address}' is invalid: {problem}")


def reply_keyboard(call: Call, chat: Chat) -> Json | None:
    """The keyboard below the chat, or what takes it away (#replykeyboardremove, #forcereply); None
    if there is neither. Raises ApiError 400."""
    markup: Json = call.params.get("reply_markup", {})
    keyboard = rows(markup, "keyboard")
    if chat.is_channel:
        return None
    asked = {name for row in keyboard for button in row for name in button}
    if chat.bot_id is None and (names := asked & PRIVATE.keys()):
        raise bad_request(PRIVATE[names.pop()])
    kind: type[TelegramObject] = ReplyKeyboardMarkup
    if not keyboard:
        if not (markup.get("remove_keyboard") or markup.get("force_reply")):
            return None
        kind = ReplyKeyboardRemove if markup.get("remove_keyboard") else ForceReply
    made: Json = checked(kind, markup | {"keyboard": keyboard}, REPLY)
    if len(made.get("input_field_placeholder", "")) > LONGEST_PLACEHOLDER:
        raise bad_request("input field placeholder is too long")
    return made


def rows(markup: Json, name: str) -> list[list[Any]]:
    """The rows of a keyboard; a button that is a bare string is one with that text, and those
    without text are left out. Raises ApiError 400."""
    field, button = PROBLEMS[name]
    value = markup.get(name) or []
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request(field)
    named = [[{"text": one} if isinstance(one, str) else one for one in row] for row in value]
    if not all(isinstance(one, dict) for row in named for one in row):
        raise bad_request(button)
    visible = [[one for one in row if one.get("text") != ""] for row in named]
    return [row for row in visible if row]
