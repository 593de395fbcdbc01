"""Groups that have become supergroups: what waits in their conversations, and their timers."""

from collections.abc import Callable
from pathlib import Path

from redis.asyncio import Redis

from fleet.inbox.conversation import without_lane
from fleet.redis.keys import PREFIX
from fleet.shards.scripts import Argument, ShardScripts
from fleet.shards.shard import shard_of_conversation

CLAIMED_FOR = 24 * 3600
"""Seconds for which it is remembered who has a timer. It is asked for until a turn is over."""


class Relocation:
    """Brings timers from a group's conversation to the one that goes on in the supergroup.

    The two may be in different shards, held by two replicas, and on two servers. So that each timer
    has one turn, whoever dies, it is *claimed* first, where it is to go: by who brings it, or by
    its turn, if it fires where it was.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, shards: int, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._shards = shards
        self._scripts = ShardScripts(redis, prefix, Path(__file__).parent / "scripts")
        self._bring, self._timer = map(self._scripts.load, ("bring", "timer"))

    async def waiting(self, conversation: str) -> int:
        """Count the updates in its mailbox, the one in hand included."""
        found: int = await self._redis.execute_command("LLEN", self._key(conversation, "mail"))
        return found

    async def bring(self, old: str, new: str, renew: Callable[[bytes], bytes]) -> None:
        """Have the timers of one conversation be another's; `renew` gives what their turns get.

        Those of the same name that are there already stay instead. It may be begun again wherever
        it was interrupted.
        """
        new = without_lane(new)
        kept = await self._redis.execute_command("HGETALL", self._key(old, "timers"))
        if not kept:
            return
        shard = shard_of_conversation(old, self._shards)
        members = [b"%b %b" % (old.encode(), name) for name in kept]
        dues = await self._redis.execute_command(
            "ZMSCORE", self._scripts.key(shard, "due"), *members
        )
        arguments: list[Argument] = [old, new, CLAIMED_FOR]
        for (name, json), due in zip(kept.items(), dues, strict=True):
            if due is not None:  # else it has fired
                arguments += [name, int(due), renew(json)]
        there = shard_of_conversation(new, self._shards)
        brought = await self._scripts.one(self._bring, there, arguments)
        for name in brought:
            await self._scripts.one(self._timer, shard, [old, name, "", b""])
        if brought:
            await self._redis.execute_command("HDEL", self._claims(old, new), *brought)

    async def claim(self, old: str, new: str, name: str, fired: int) -> bool:
        """Claim a timer for its turn in the old conversation, the same one as often as it begins.

        Returns False if it has been brought to the new one.
        """
        key = self._claims(old, new)
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.execute_command("HSETNX", key, name, fired)
            pipeline.execute_command("EXPIRE", key, CLAIMED_FOR)
            pipeline.execute_command("HGET", key, name)
            _, _, holder = await pipeline.execute()
        return bool(holder == b"%d" % fired)

    def _claims(self, old: str, new: str) -> str:
        there = shard_of_conversation(new, self._shards)
        return self._scripts.key(there, f"claims:{old}")

    def _key(self, conversation: str, kind: str) -> str:
        shard = shard_of_conversation(conversation, self._shards)
        return self._scripts.key(shard, f"{kind}:{conversation}")
