"""Message objects as the sandbox has them: what is in them, in words."""

from __future__ import annotations

from sandbox.summary import is_service, summary
from sandbox.testing.journal import Wanted, is_event
from sandbox.world.events import Json

IDENTITY = ("message_id", "ephemeral_message_id", "receiver_user")
"""By which a message is known in its chat."""


def buttons_of(message: Json) -> list[Json]:
    """The buttons of a message, inline or of its reply keyboard."""
    markup = message.get("reply_markup", {})
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button for row in rows for button in row]


def is_said_by(bot_id: int) -> Wanted:
    """Tells the replies of a bot."""
    by_it = is_event("message", by_bot=True, bot_id=bot_id)
    return lambda event: by_it(event) and not is_service(event["message"])


def key_of(message: Json, bot_id: int) -> str:
    """What the sandbox calls the chat of a message; in a private one it is of this bot."""
    chat_id = message["chat"]["id"]
    if business := message.get("business_connection_id"):
        return f"{business}/{chat_id}"
    return f"{bot_id}/{chat_id}" if chat_id > 0 else str(chat_id)


def same(one: Json, other: Json) -> bool:
    """Whether two messages of a chat are one, before an edit and after it."""
    return all(one.get(name) == other.get(name) for name in IDENTITY)


def describe(message: Json) -> str:
    """A message in a line or a few: what is in it, text, buttons."""
    labels = " ".join(f"[{button['text']}]" for button in buttons_of(message))
    return "  ".join(filter(None, [summary(message), labels])) or "(nothing)"
