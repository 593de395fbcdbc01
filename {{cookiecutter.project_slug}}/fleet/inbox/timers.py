"""Timers as they are kept: turns that are due later, each in its conversation."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from redis.asyncio import Redis

from fleet.inbox.conversation import bot_of
from fleet.overlay import TimerWrite
from fleet.redis.keys import PREFIX
from fleet.shards.scripts import ShardScripts, ask_each
from fleet.shards.shard import shard_of_bot, shard_of_conversation

PAGE = 500
"""Timers that are read at once."""
JOB = "job"
"""Stands for the chat in the conversations of jobs, which have none."""


@dataclass(frozen=True, slots=True)
class KeptTimer:
    """A timer that is to fire."""

    conversation: str
    name: str
    due_ms: int
    """Unix time in milliseconds."""

    @property
    def bot_id(self) -> int:
        return bot_of(self.conversation)

    @property
    def due(self) -> datetime:
        return datetime.fromtimestamp(self.due_ms / 1000, UTC)

    @property
    def is_job(self) -> bool:
        return self.conversation.split(":")[1:] == [JOB, self.name]


class TimerBook:
    """The timers of all shards, from outside of turns.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, shards: int, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._shards = shards
        self._scripts = ShardScripts(redis, prefix, Path(__file__).parent / "scripts")
        self._timer, self._advance = map(self._scripts.load, ("timer", "advance"))

    async def write(self, write: TimerWrite) -> bool:
        """Set or cancel one. Returns whether there was one of that name."""
        due = "" if write.due_ms is None else write.due_ms
        return await self._call(write.conversation, write.name, due, write.json)

    async def fire(self, conversation: str, name: str) -> bool:
        """Have one fire at once. Returns whether there was one of that name."""
        return await self._call(conversation, name, "now", b"")

    async def _call(self, conversation: str, name: str, due: str | int, json: bytes) -> bool:
        shard = shard_of_conversation(conversation, self._shards)
        return bool(await self._scripts.one(self._timer, shard, [conversation, name, due, json]))

    async def of(self, conversation: str) -> dict[str, bytes]:
        """Give what the turns of a conversation's timers will get, by the names of these."""
        shard = shard_of_conversation(conversation, self._shards)
        key = self._scripts.key(shard, f"timers:{conversation}")
        found = await self._redis.execute_command("HGETALL", key)
        # One that has fired, and waits for its turn, has a number before it.
        return {name.decode(): value[max(0, value.find(b"{")) :] for name, value in found.items()}

    async def all(self) -> AsyncIterator[KeptTimer]:
        """Iterate over those that are to fire, shard after shard, in each the next one first."""
        for shard in range(self._shards):
            key, start = self._scripts.key(shard, "due"), 0
            while True:
                page = await self._redis.zrange(key, start, start + PAGE - 1, withscores=True)
                for member, due in page:
                    conversation, _, name = member.decode().partition(" ")
                    yield KeptTimer(conversation, name, int(due))
                if len(page) < PAGE:
                    break
                start += PAGE

    async def fired_jobs(self, bots: Iterable[int]) -> list[KeptTimer]:
        """Give the jobs of bots that wait for their turns, or have them. When they were due is not
        said."""
        keys = [self._scripts.key(shard_of_bot(bot, self._shards), f"ready:{bot}") for bot in bots]
        mail = await ask_each(self._redis, keys, "ZRANGE", 0, -1)
        names = [name.decode() for names in mail for name in names]
        jobs = [KeptTimer(name, name.rpartition(":")[2], 0) for name in names]
        return [job for job in jobs if job.is_job]

    async def count(self) -> int:
        """Tell how many are to fire."""
        keys = [self._scripts.key(shard, "due") for shard in range(self._shards)]
        return sum(await ask_each(self._redis, keys, "ZCARD"))

    async def advance(self, bot_id: int, seconds: float) -> None:
        """Have all timers of a bot be due so many seconds sooner: as if time had passed."""
        every: dict[int, list[int]] = {shard: [] for shard in range(self._shards)}
        await self._scripts.each(self._advance, [bot_id, int(seconds * 1000)], every)
