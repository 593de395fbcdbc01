"""Mini Apps: who has opened one, and what it is told: https://core.telegram.org/bots/webapps."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

from sandbox.world.chats import Chat
from sandbox.world.events import Json

SHOWN = ("id", "first_name", "last_name", "username", "language_code")
"""What an app is told of its user: https://core.telegram.org/bots/webapps#webappuser."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A user has opened an app, or called a bot into a chat: it may send one message for them."""

    bot_id: int
    user: Json
    chat: Chat


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that a user may send: https://core.telegram.org/bots/api#preparedinlinemessage."""

    bot_id: int
    user_id: int
    content: Json
    kinds: frozenset[str]
    """Where to: user, bot, group, channel."""


def init_data(token: str, user: Json, date: int, **about: str) -> str:
    """What an app gets as its `initData`, signed with the token of the bot:
    https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app."""
    shown = {name: user[name] for name in SHOWN if name in user}
    values = {
        "auth_date": str(date),
        "user": orjson.dumps({**shown, "allows_write_to_pm": True}).decode(),
        **about,
    }
    lines = "\n".join(f"{name}={values[name]}" for name in sorted(values))
    key = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    signed = hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
    return urlencode({**values, "hash": signed})
