"""Message objects as the sandbox has them: what is in them, in words."""

from __future__ import annotations

from sandbox.summary import SERVICE, summary
from sandbox.testing.journal import Wanted, is_event
from sandbox.world.events import Json


def buttons_of(message: Json) -> list[Json]:
    """The buttons of a message, inline or of its reply keyboard."""
    markup = message.get("reply_markup", {})
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button for row in rows for button in row]


def is_said_by(bot_id: int) -> Wanted:
    """Tells the messages that a bot has written."""
    by_it = is_event("message", by_bot=True, bot_id=bot_id)
    return lambda event: by_it(event) and not any(one in event["message"] for one in SERVICE)


def describe(message: Json) -> str:
    """A message in a line or a few: what is in it, text, buttons."""
    labels = " ".join(f"[{button['text']}]" for button in buttons_of(message))
    return "  ".join(filter(None, [summary(message), labels])) or "(nothing)"
