"""Message objects as the sandbox has them: what is in them, in words."""

from __future__ import annotations

from sandbox.summary import is_service, summary
from sandbox.testing.journal import Wanted, is_event
from sandbox.world.events import Json


def buttons_of(message: Json) -> list[Json]:
    """The buttons of a message, inline or of its reply keyboard."""
    markup = message.get("reply_markup", {})
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button for row in rows for button in row]


def is_said_by(bot_id: int) -> Wanted:
    """Tells the replies of a bot."""
    by_it = is_event("message", by_bot=True, bot_id=bot_id)
    return lambda event: by_it(event) and not is_service(event["message"])


def describe(message: Json) -> str:
    """A message in a line or a few: what is in it, text, buttons."""
    labels = " ".join(f"[{button['text']}]" for button in buttons_of(message))
    return "  ".join(filter(None, [summary(message), labels])) or "(nothing)"
