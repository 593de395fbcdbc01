"""How fast broadcasts of a bot go: one pace for all of them, on all replicas."""

import time
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX, of_fleet

AHEAD = 0.25
"""Seconds for which a replica reserves places at once: so Redis is asked rarely, and others wait
for no longer."""
PAID_RATE = 1_000
"""Messages a second of a bot that pays: https://core.telegram.org/bots/api#sendmessage"""
PAID_AT_ONCE = 20
"""Places that are paid for at once: a replica that dies has spent so many in vain."""

_SCRIPT = Path(__file__).parent / "scripts" / "pace.lua"


class Lane(NamedTuple):
    """What has a pace of its own: the broadcasts of a bot, or one that pays."""

    bot_id: int
    paying: str = ""
    """Id of the broadcast that pays."""


class Pace:
    """Tells how many messages of a lane may go now.

    Args:
        redis: the client.
        rate: messages of a bot a second that nobody pays for; 0: any number.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, rate: int, *, prefix: str = PREFIX) -> None:
        self.spent: set[str] = set()
        """Broadcasts whose budget is spent."""
        self._rate = rate
        self._prefix = of_fleet(redis, prefix)
        self._script = redis.register_script(_SCRIPT.read_text())
        self._places: dict[Lane, list[float]] = {}

    async def due(self, lane: Lane, most: int) -> int:
        """Take places that are due, up to so many. Raises `redis.exceptions.RedisError`."""
        if not most or not (self._rate or lane.paying):
            return most
        now = time.monotonic()
        # From before the question: its way back takes time, too, and would slow the row down.
        places = self._places.get(lane) or await self._reserve(lane, now)
        due = [one for one in places if one <= now][:most]
        self._places[lane] = places[len(due) :]
        return len(due)

    async def _reserve(self, lane: Lane, now: float) -> list[float]:
        if lane.paying:
            rate, number, kind = PAID_RATE, PAID_AT_ONCE, "paid-bulk"
        else:
            rate, number, kind = self._rate, max(1, int(self._rate * AHEAD)), "bulk"
        keys = [f"{self._prefix}{kind}:{lane.bot_id}"]
        arguments: list[int | str] = [1_000_000 // rate, number]
        if lane.paying:
            keys.append(f"{self._prefix}broadcasts:paid")
            arguments.append(lane.paying)
        wait, number = await self._script(keys=keys, args=arguments)
        if not number:
            self.spent.add(lane.paying)
        return [now + wait / 1_000_000 + place / rate for place in range(number)]

    def next_due(self, lane: Lane) -> float:
        """Tell when the next place is due, by the monotonic clock; at once if that is not known."""
        places = self._places.get(lane)
        return places[0] if places else 0.0
