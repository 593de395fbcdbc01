"""The shards that one replica holds."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX, of_fleet
from fleet.redis.reading import bot_ids
from fleet.shards.beats import HELD_FOR, INTERVAL, Beats
from fleet.shards.plan import plan
from fleet.shards.scripts import ShardScripts, ask_each
from fleet.shards.shard import shard_of_bot

TAKEN_AT_ONCE = 4
"""Shards: more in one script might hold Redis up, if they have much mail."""
ANSWERS_WITHIN = 3 * INTERVAL
"""Seconds since the last beat that got through for which Redis counts as there."""
CLOSED_FOR = 2.0
"""Seconds for which a shard that another should have begins no turns. If some last longer than
that, they go on, and so does the shard, until the next try."""
TRY_AGAIN = 10.0
"""Seconds between two tries to hand a shard over."""


@dataclass(eq=False, slots=True)
class Held:
    """A shard that this replica holds, and what keeps it from being given away."""

    shard: int
    epoch: int
    call: int = 0
    """Number of the last call of work."""
    answered: int = 0
    """Number of the last one that was answered."""
    news: int = 0
    """Arrival of the newest conversation that the holder has heard of."""
    entering: int = 0
    """Batches that are on their way in."""
    started: dict[str, int] = field(default_factory=dict)
    """Conversations whose turns `enter` began, and of which no news has come yet; their arrival."""
    heard: dict[str, int] = field(default_factory=dict)
    """The same of those of which news came while batches were on their way in."""
    in_hand: Counter[str] = field(default_factory=Counter)
    """Conversations whose turns were begun and are not handed in: most once, but one may have ended
    here and begun again by `enter`, while the reply to its end is on the way."""
    sending: int = 0
    """Chats that were taken to get broadcasts, and of which no result is written."""
    intakes: set[int] = field(default_factory=set)
    """Bots whose intake runs."""
    closed_at: float | None = None
    """Since when no turns begin, as another replica should have it."""
    look_at: float = math.inf
    """When the next timer that is known is due, by the monotonic clock."""
    try_at: float = 0.0

    def done_with(self, conversation: str) -> None:
        """Note that a turn is handed in."""
        self.in_hand[conversation] -= 1
        if self.in_hand[conversation] <= 0:
            del self.in_hand[conversation]

    @property
    def is_idle(self) -> bool:
        return not (self.in_hand or self.entering or self.sending or self.intakes)


@dataclass(frozen=True, slots=True)
class Taken:
    """What waits in a shard that was just taken."""

    held: Held
    bots: list[int]
    """Those that have mail."""
    tries: list[tuple[str, int, int, float]]
    """Conversation, deaths, times back, seconds until its next turn may begin."""


class Holder:
    """Takes the shards that this replica should have, and gives away those that others should.

    Args:
        redis: the client.
        replica: the name of this one.
        shards: how many there are.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, replica: str, shards: int, *, prefix: str = PREFIX) -> None:
        self.shards = shards
        self.held: dict[int, Held] = {}
        self.changed = asyncio.Event()
        """Set when shards have come, gone or been closed."""
        self.learn: Callable[[], Awaitable[None]] = nothing
        """Awaited when shards were taken, before anything begins in them: what those who had them
        have told all replicas."""
        self._redis = redis
        self._prefix = prefix
        self._beats = Beats(redis, replica, prefix=prefix)
        self._scripts = ShardScripts(redis, prefix, Path(__file__).parent / "scripts")
        self._take, self._give = map(self._scripts.load, ("take", "give"))
        self._takers: set[str] = set()
        self._planned: dict[int, str] = {}

    @property
    def replica(self) -> str:
        return self._beats.replica

    @property
    def beats(self) -> bool:
        """Whether a beat has got through so lately that this replica may act on what it holds."""
        return self._beats.age < HELD_FOR

    @property
    def beats_now(self) -> bool:
        """Whether Redis answers and takes writes."""
        return self._beats.age < ANSWERS_WITHIN

    def serves(self, bot_id: int) -> Held | None:
        """Give the bot's own shard, if this replica should run its intake."""
        held = self.held.get(shard_of_bot(bot_id, self.shards))
        return held if held and held.closed_at is None and self.beats else None

    def owns(self, held: Held) -> bool:
        """Tell whether a shard is still ours, as far as can be known without asking."""
        return self.beats and self.held.get(held.shard) is held

    async def beat(self) -> None:
        """Show that this replica lives. Raises `redis.exceptions.RedisError`."""
        await self._beats.beat()

    def open(self) -> None:
        """Take shards from now on."""
        self._beats.state = "here"

    async def look(self, on_taken: Callable[[Taken], None]) -> None:
        """Beat, take what is missing, close what others should have. Once a second.

        Raises `redis.exceptions.RedisError`.
        """
        await self._beats.beat()
        if (takers := self._beats.takers) != self._takers:
            self._takers, self._planned = takers, plan(sorted(takers), self.shards)
        mine = {shard for shard, name in self._planned.items() if name == self.replica}
        self._close(mine)
        missing = sorted(mine - self.held.keys())
        for at in range(0, len(missing), TAKEN_AT_ONCE):
            await self._take_some(missing[at : at + TAKEN_AT_ONCE], on_taken)

    def _close(self, mine: Collection[int]) -> None:
        now = time.monotonic()
        for held in self.held.values():
            was = held.closed_at
            if held.shard in mine:
                held.closed_at = None
            elif held.closed_at is None and now >= held.try_at:
                held.closed_at = now
            elif (
                held.closed_at and now - held.closed_at > CLOSED_FOR and self._beats.state == "here"
            ):
                held.closed_at, held.try_at = None, now + TRY_AGAIN
            if held.closed_at != was:
                self.changed.set()

    async def _take_some(self, shards: list[int], on_taken: Callable[[Taken], None]) -> None:
        arguments: dict[int, list[str]] = {shard: [] for shard in shards}
        common = [self.replica, *self._beats.dead]
        replies = await self._scripts.each(self._take, common, arguments)
        others = [reply.decode() for reply in replies.values() if isinstance(reply, bytes)]
        self._beats.watch(others)
        taken = {shard: reply for shard, reply in replies.items() if not isinstance(reply, bytes)}
        # Not in the script: it would be slow for many bots. If this fails, they are taken anew.
        keys = [self._scripts.key(shard, "waiting") for shard in taken]
        waiting = await ask_each(self._redis, keys, "HKEYS")
        if taken:
            await self.learn()
        for (shard, (epoch, tries)), fields in zip(taken.items(), waiting, strict=True):
            held = self.held[shard] = Held(shard, epoch)
            bots = list(bot_ids(fields))  # `all` is none
            known = [(name.decode(), *counts, due / 1000) for name, *counts, due in tries]
            self.changed.set()
            on_taken(Taken(held, bots, known))

    async def give(self, some: Collection[Held]) -> None:
        """Let others take these shards: nothing of them is in hand any more.

        Raises `redis.exceptions.RedisError`; they are given then, as far as this replica goes.
        """
        for held in some:
            self.lose(held)
        await self._scripts.each(
            self._give, [self.replica], {one.shard: [one.epoch] for one in some}
        )
        heirs = {self._planned.get(one.shard, self.replica) for one in some} - {self.replica}
        await ring(self._redis, self._prefix, dict.fromkeys(heirs, ()))

    def lose(self, held: Held) -> None:
        """Forget a shard that is another's."""
        if self.held.get(held.shard) is held:
            del self.held[held.shard]
            self.changed.set()

    def leave_soon(self) -> None:
        """Close all shards, and take no more."""
        self._beats.state = "leaving"
        for held in self.held.values():
            held.closed_at = held.closed_at or time.monotonic()
        self.changed.set()

    async def leave(self) -> None:
        """Say that this replica is gone."""
        await self._beats.leave()

    async def wait(self, seconds: float) -> set[int] | None:
        """Wait until somebody rings, or so long.

        Returns the shards that have news, none if one may be taken, None if nobody has rung.
        """
        key = _bell(self._redis, self._prefix, self.replica)
        rung: Any = await self._redis.execute_command("BLPOP", key, seconds)
        if rung is None:
            return None
        more = await self._redis.execute_command("LPOP", key, 10_000) or []
        return {int(shard) for one in (rung[1], *more) for shard in one.split()}


async def nothing() -> None:
    """Do nothing: there is nothing to learn."""


async def ring(redis: Redis, prefix: str, news: Mapping[str, Collection[int]]) -> None:
    """Tell holders which shards have news; they look at all once a second anyway."""
    async with redis.pipeline(transaction=False) as pipeline:
        for replica, shards in news.items():
            key = _bell(redis, prefix, replica)
            pipeline.execute_command("RPUSH", key, " ".join(map(str, shards)))
            pipeline.execute_command("EXPIRE", key, 60)
        await pipeline.execute()


def _bell(redis: Redis, prefix: str, replica: str) -> str:
    return f"{of_fleet(redis, prefix)}bell:{replica}"
