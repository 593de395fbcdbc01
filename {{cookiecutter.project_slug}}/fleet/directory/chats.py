"""The directory, read: by the command line, by handlers and by who sends to many chats."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Self

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX
from fleet.shards.scripts import ask_each
from fleet.shards.shard import key_of_shard, shard_of

PAGE = 1000
"""Chats that are read at once, more or less."""
DAY = 86_400
"""Seconds."""


class ChatType(StrEnum):
    """As Telegram calls them: https://core.telegram.org/bots/api#chat"""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Unreachable(StrEnum):
    """Why a bot cannot write to a chat."""

    BLOCKED = "blocked"
    """The user has blocked the bot."""
    DEACTIVATED = "deactivated"
    """The user has deleted the account."""
    KICKED = "kicked"
    """The bot was removed from the group or channel, or that is gone."""


TYPES = {one.value[0]: one for one in ChatType}
"""By the letters that are kept."""
REASONS = {one.value[0]: one for one in Unreachable}


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that a bot knows."""

    id: int
    type: ChatType
    last_update: date
    """The day of its last update, in UTC."""
    unreachable: Unreachable | None
    """Why the bot cannot write to it; None: it can, as far as is known."""

    @classmethod
    def read(cls, chat: bytes, kept: bytes) -> Self | None:
        """Make it of what is kept; None if that is damaged."""
        text = kept.decode(errors="replace")
        day, letter = (text[1:], "") if text[1:].isdecimal() else (text[1:-1], text[-1:])
        try:
            return cls(
                id=int(chat),
                type=TYPES[text[:1]],
                last_update=datetime.fromtimestamp(int(day) * DAY, UTC).date(),
                unreachable=REASONS[letter] if letter else None,
            )
        except (KeyError, ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class ChatCount:
    """How many chats a bot knows: those it can reach by type, the others by reason."""

    total: int
    reachable: int
    private: int
    groups: int
    """Supergroups, too."""
    channels: int
    blocked: int
    deactivated: int
    kicked: int


class Chats:
    """The chats of all bots.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, shards: int, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._shards = shards
        self._prefix = prefix

    async def count(self, bot_id: int) -> ChatCount:
        """Count the chats of a bot."""
        found: Counter[tuple[str, str]] = Counter()
        for shard in range(self._shards):  # one by one: a bot may have a million
            [kept] = await ask_each(self._redis, [self._key(shard, bot_id)], "HVALS")
            found.update((value[:1].decode(), value[-1:].decode()) for value in kept)
        types: Counter[ChatType] = Counter()
        reasons: Counter[Unreachable] = Counter()
        for (letter, last), number in found.items():
            if letter not in TYPES:
                continue
            if last in REASONS:
                reasons[REASONS[last]] += number
            else:
                types[TYPES[letter]] += number
        return ChatCount(
            total=types.total() + reasons.total(),
            reachable=types.total(),
            private=types[ChatType.PRIVATE],
            groups=types[ChatType.GROUP] + types[ChatType.SUPERGROUP],
            channels=types[ChatType.CHANNEL],
            blocked=reasons[Unreachable.BLOCKED],
            deactivated=reasons[Unreachable.DEACTIVATED],
            kicked=reasons[Unreachable.KICKED],
        )

    async def all(self, bot_id: int) -> AsyncIterator[Chat]:
        """Iterate over the chats of a bot, each once, in no order.

        One that comes or changes meanwhile may be there or not, as it was or as it is.
        """
        for shard in range(self._shards):
            key, cursor = self._key(shard, bot_id), 0
            seen: set[bytes] = set()  # Redis may show one twice while the hash grows
            while True:
                reply = await self._redis.execute_command("HSCAN", key, cursor, "COUNT", PAGE)
                cursor, page = reply
                for chat, kept in page.items():
                    if chat not in seen and (found := Chat.read(chat, kept)):
                        yield found
                    seen.add(chat)
                if cursor == 0:
                    break

    async def get(self, bot_id: int, chat_id: int) -> Chat | None:
        """Give what is known of a chat; None if nothing is."""
        key = self._key(shard_of(bot_id, chat_id, self._shards), bot_id)
        kept = await self._redis.execute_command("HGET", key, chat_id)
        return Chat.read(str(chat_id).encode(), kept) if kept else None

    def _key(self, shard: int, bot_id: int) -> str:
        return key_of_shard(self._prefix, shard, f"chats:{bot_id}")


def today() -> int:
    """Tell the day: days of Unix time, in UTC."""
    return int(time.time()) // DAY
