"""Which replicas live, told by their beats and by this process' own clock."""

import asyncio
import math
import time
from collections.abc import Iterable
from pathlib import Path

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX, of_fleet

INTERVAL = 1.0
"""Seconds between two beats of a replica."""
HELD_FOR = 12.0
"""Seconds after its last beat for which a replica may act on what it holds."""
DEAD_AFTER = 15.0
"""Seconds without a beat after which others take what a replica holds."""
FORGOTTEN_AFTER = 60.0
"""Seconds without a beat after which nobody watches a replica any more."""
LONGEST_GAP = 4.0
"""Seconds between two of one's own beats after which the silence of others means nothing."""

_SCRIPT = Path(__file__).parent / "scripts" / "beat.lua"


class Beats:
    """One replica's beats, and what it knows of the others.

    A replica is dead when its record has not changed for `DEAD_AFTER` seconds of this process'
    clock: Redis' own may jump. Who could not beat for a while starts to count anew, as Redis was
    perhaps away for all.
    """

    def __init__(self, redis: Redis, replica: str, *, prefix: str = PREFIX) -> None:
        self.replica = replica
        self.state = "starting"
        """`here`: it takes shards; `leaving`."""
        self._redis = redis
        self._prefix = of_fleet(redis, prefix)
        self._key = self._prefix + "replicas"
        self._script = redis.register_script(_SCRIPT.read_text())
        self._number = 0
        self._one_at_a_time = asyncio.Lock()
        self._has_left = False
        self._beat_at = -math.inf
        self._seen: dict[str, bytes | None] = {}
        self._changed_at: dict[str, float] = {}

    async def beat(self) -> None:
        """Show that this replica lives, and look at the others; nothing after `leave`.

        Raises `redis.exceptions.RedisError`.
        """
        async with self._one_at_a_time:
            if not self._has_left:
                await self._beat()

    async def _beat(self) -> None:
        sent_at = time.monotonic()
        self._number += 1
        arguments: list[str | int] = [self.replica, self._number, self.state]
        reply = await self._script(keys=[self._prefix], args=arguments)
        told = {name.decode(): value for name, value in zip(*[iter(reply)] * 2, strict=True)}
        self._look(told, time.monotonic())
        self._beat_at = sent_at
        for name in self._old(FORGOTTEN_AFTER):
            if name in told:
                await self._redis.execute_command("HDEL", self._key, name)
            else:  # who still finds it at a shard watches it anew
                del self._seen[name], self._changed_at[name]

    def _look(self, told: dict[str, bytes], now: float) -> None:
        if now - self._beat_at > LONGEST_GAP:
            self._changed_at = dict.fromkeys(self._changed_at, now)
        for name in told.keys() | self._seen.keys():
            if name not in self._seen or self._seen[name] != told.get(name):
                self._changed_at[name] = now
            self._seen[name] = told.get(name)

    def watch(self, names: Iterable[str]) -> None:
        """Watch replicas that hold something although they may have no record."""
        for name in names:
            if name not in self._seen:
                self._seen[name] = None
                self._changed_at[name] = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the last beat that got through was sent."""
        return time.monotonic() - self._beat_at

    @property
    def takers(self) -> set[str]:
        """Replicas that live and are not leaving, this one included."""
        dead = set(self.dead)
        return {
            name
            for name, value in self._seen.items()
            if name not in dead and value is not None and value.endswith(b" here")
        }

    @property
    def dead(self) -> list[str]:
        return self._old(DEAD_AFTER)

    def _old(self, seconds: float) -> list[str]:
        limit = time.monotonic() - seconds
        return [
            name
            for name, changed_at in self._changed_at.items()
            if changed_at < limit and name != self.replica
        ]

    async def leave(self) -> None:
        """Say that this replica is gone: no beat that is on its way may come after that."""
        self._has_left = True
        async with self._one_at_a_time:
            await self._redis.execute_command("HDEL", self._key, self.replica)
