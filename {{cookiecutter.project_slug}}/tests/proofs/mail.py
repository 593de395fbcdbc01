"""Updates as Telegram sends them, and what keys the inbox may leave."""

import re
from collections.abc import Iterable
from typing import Any

import redis

import fleet.inbox
from fleet.redis.keys import PREFIX

Json = dict[str, Any]


def _documented_keys() -> dict[str, str]:
    """Read the table in the docstring of `fleet.inbox`: patterns of keys, and when each expires."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", fleet.inbox.__doc__ or "", re.MULTILINE)
    return {PREFIX + r"\{\d+\}:" + re.sub(r"{.+?}", ".+", name): expires for name, expires in rows}


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def keys_of_shards(client: "redis.Redis", *names: str) -> list[str]:
    """List the keys of all shards whose names begin so."""
    return [
        key.decode()
        for name in names
        for key in client.scan_iter(PREFIX + "{*}:" + name + "*", count=1000)
    ]


def waiting(client: "redis.Redis") -> int:
    """Count the updates that wait, turns in hand included."""
    keys = keys_of_shards(client, "waiting")
    return sum(int(client.execute_command("HGET", key, "all") or 0) for key in keys)


def holders(client: "redis.Redis") -> list[str]:
    """List who holds shards, each once."""
    keys = keys_of_shards(client, "shard")
    held = [client.execute_command("HGET", key, "holder") for key in keys]
    return sorted({holder.decode() for holder in held if holder})


_KEYS = _documented_keys()
DOCUMENTED_KEYS = _any_of(_KEYS)
KEYS_OF_AN_EMPTY_INBOX = _any_of(
    key
    for key, expires in _KEYS.items()
    if expires not in ("when empty", "when heard", "at 0") and not expires.startswith("with the ")
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
