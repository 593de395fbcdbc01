"""How fast broadcasts of a bot go: one pace for all of them, on all replicas."""

import time
from pathlib import Path

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX, of_fleet

AHEAD = 0.25
"""Seconds for which a replica reserves places at once: so Redis is asked rarely, and others wait
for no longer."""

_SCRIPT = Path(__file__).parent / "scripts" / "pace.lua"


class Pace:
    """Tells how many messages of a bot may go now.

    Args:
        redis: the client.
        rate: messages a second; 0: any number.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, rate: int, *, prefix: str = PREFIX) -> None:
        self._rate = rate
        self._prefix = of_fleet(redis, prefix)
        self._script = redis.register_script(_SCRIPT.read_text())
        self._places: dict[int, list[float]] = {}

    async def due(self, bot_id: int, most: int) -> int:
        """Take places that are due, up to so many. Raises `redis.exceptions.RedisError`."""
        if not self._rate or not most:
            return most
        now = time.monotonic()
        places = self._places.get(bot_id, [])
        if not places:
            number, step = max(1, int(self._rate * AHEAD)), 1_000_000 / self._rate
            key = f"{self._prefix}bulk:{bot_id}"
            wait = int(await self._script(keys=[key], args=[int(step), number]))
            # From before the question: its way back takes time, too, and would slow the row down.
            first = now + wait / 1_000_000
            places = [first + place / self._rate for place in range(number)]
        due = [one for one in places if one <= now][:most]
        self._places[bot_id] = places[len(due) :]
        return len(due)

    def next_due(self, bot_id: int) -> float:
        """Tell when the next place is due, by the monotonic clock; at once if that is not known."""
        places = self._places.get(bot_id)
        return places[0] if places else 0.0

    def forget(self, bot_id: int) -> None:
        """Leave the places that are reserved."""
        self._places.pop(bot_id, None)
