"""Updates as Telegram sends them, and what keys the inbox may leave."""

import re
from typing import Any

Json = dict[str, Any]

DOCUMENTED_KEYS = re.compile(
    r"fleet:(mail:.+|ready:\d+|rota|turns:[0-9a-f]+|attempts|suspects|waiting|seen:\d+:\d+"
    r"|replicas|steady|bell|dead)"
)
KEYS_OF_AN_EMPTY_INBOX = re.compile(
    r"fleet:(turns:[0-9a-f]+|waiting|seen:\d+:\d+|replicas|steady|bell|dead)"
)
"""Nothing that grows with the number of conversations."""


def text(update_id: int, text: str = "Hello", *, user: int = 7, chat: int | None = None) -> Json:
    """Make the update of a message, by default in the private chat with its author."""
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1,
            "chat": {"id": chat or user, "type": "private" if (chat or user) > 0 else "group"},
            "from": {"id": user, "is_bot": False, "first_name": "Ann"},
            "text": text,
        },
    }
