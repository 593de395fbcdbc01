"""Dead letters, as they are kept."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from redis.asyncio import Redis

from fleet.inbox.sealing import hide
from fleet.redis.reading import read_fields, read_number
from fleet.shards.scripts import ShardScripts, ask_each

LETTER_ID = re.compile(r"([0-9]{1,4})-([0-9]{1,19}-[0-9]{1,19})")
"""The shard, then the id in its stream."""
PAGE = 20
"""Letters that are read at once: each may have 100 KB."""
LONGEST_ERROR = 1024
"""Bytes of an error that a letter keeps."""
LONGEST_TRACEBACK = 8192
"""Bytes of a traceback that a letter keeps: the first frames, the last ones and the error."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An update that could not be handled, with the reason."""

    id: str
    bot_id: int
    conversation: str
    update: dict[str, Any]
    """Without the tokens that are in it; `Letters.replay` has them."""
    error: str
    traceback: str
    died: int
    """How many processes died during its turns."""
    failed_at: datetime

    @classmethod
    def read(cls, key: str, fields: Mapping[bytes, bytes]) -> Self:
        """Make it of an entry of a stream; the end of its id is that of the entry.

        What a newer version has added is left out, what is damaged or missing is left empty.
        """
        texts = {name.decode(): text.decode(errors="replace") for name, text in fields.items()}
        conversation, error = texts.get("conversation", ""), texts.get("error", "")
        try:
            update = read_fields(hide(fields.get(b"update", b"")))
        except ValueError:
            update, error = {}, f"{error} (what is stored of its update cannot be read)".lstrip()
        bot, _, _ = conversation.partition(":")
        return cls(
            id=key,
            bot_id=_number(bot),
            conversation=conversation,
            update=update,
            error=error,
            traceback=texts.get("traceback", ""),
            died=_number(texts.get("died", "")),
            failed_at=_moment(key),
        )


class Letters:
    """The dead letters of all shards.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, scripts: ShardScripts, shards: int) -> None:
        self._redis = redis
        self._scripts = scripts
        self._shards = shards
        self._letter = scripts.load("letter")

    async def all(self) -> AsyncIterator[DeadLetter]:
        """Iterate over them, shard after shard, in each the oldest first."""
        for shard in range(self._shards):
            start = "-"
            key = self._scripts.key(shard, "dead")
            while entries := await self._redis.xrange(key, min=start, count=PAGE):
                for entry, fields in entries:
                    yield DeadLetter.read(f"{shard}-{entry.decode()}", fields)
                start = f"({entries[-1][0].decode()}"

    async def find(self, letter_id: str) -> DeadLetter | None:
        """Look one up by its id."""
        if not (parts := self._parse(letter_id)):
            return None
        shard, entry = parts
        found = await self._redis.xrange(self._scripts.key(shard, "dead"), entry, entry)
        return DeadLetter.read(letter_id, found[0][1]) if found else None

    async def count(self) -> int:
        """Tell how many there are."""
        keys = [self._scripts.key(shard, "dead") for shard in range(self._shards)]
        return sum(await ask_each(self._redis, keys, "XLEN"))

    async def replay(self, letter_id: str) -> bool:
        """Give the update of a letter another turn, after what waits in its conversation.

        Returns whether there was that letter. It is none any more; if the turn fails, there will be
        a new one.
        """
        return await self._take(letter_id, put_back=True)

    async def drop(self, letter_id: str) -> bool:
        """Delete one for good. Returns whether there was that letter."""
        return await self._take(letter_id, put_back=False)

    async def _take(self, letter_id: str, *, put_back: bool) -> bool:
        if not (parts := self._parse(letter_id)):
            return False
        shard, entry = parts
        # Its holder finds what is put back within a second.
        return bool(await self._scripts.one(self._letter, shard, [entry, int(put_back)]))

    def _parse(self, letter_id: str) -> tuple[int, str] | None:
        found = LETTER_ID.fullmatch(letter_id)
        if not found or int(found[1]) >= self._shards:
            return None
        return int(found[1]), found[2]


def shorten(text: str, limit: int) -> str:
    """Leave the middle out of a text that takes more than `limit` bytes in UTF-8, and say so.

    Take secrets out first: half of one is not recognised. What UTF-8 cannot hold, such as a file's
    name in an error, is written with backslashes.
    """
    whole = text.encode(errors="backslashreplace")
    if len(whole) <= limit:
        return whole.decode()
    mark = f"\n… of {len(whole):,} bytes only beginning and end are kept …\n"
    half = (limit - len(mark.encode())) // 2
    return whole[:half].decode(errors="ignore") + mark + whole[-half:].decode(errors="ignore")


def _number(text: str) -> int:
    try:
        return read_number(text.encode())
    except ValueError:
        return 0


def _moment(key: str) -> datetime:
    """Tell when an entry was made: the last but one number of its id are milliseconds."""
    milliseconds = _number("".join(key.split("-")[-2:-1]))
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
