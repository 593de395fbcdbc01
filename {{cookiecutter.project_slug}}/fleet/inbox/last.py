"""When each bot's last update was entered: seconds since the epoch."""

import asyncio
import time
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.redis.hashes import pairs_of
from fleet.redis.keys import of_fleet
from fleet.redis.reading import by_bot, read_number


class LastUpdates:
    """One process' notes of it, and what all have told.

    `read` and `of` raise `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._key = of_fleet(redis, prefix) + "last"
        self._noted: dict[int, int] = {}

    def note(self, bot_id: int) -> None:
        """Note that one was entered now."""
        self._noted[bot_id] = int(time.time())

    async def tell(self) -> None:
        """Tell all of what was noted, second by second and until cancelled."""
        while True:
            await asyncio.sleep(1)
            noted, self._noted = self._noted, {}
            fields = [part for pair in noted.items() for part in pair]
            try:
                if fields:
                    await self._redis.execute_command("HSET", self._key, *fields)
            except RedisError:
                self._noted = noted | self._noted

    async def read(self, bots: Sequence[int]) -> dict[int, int]:
        """Give those of these bots that were told, by bot."""
        told = pairs_of(self._redis, self._key, bots)
        return by_bot({b"%d" % bot: value async for bot, value in told}, read_number)

    async def of(self, bot_id: int) -> int | None:
        """Give that of one bot; None if it never got one."""
        if bot_id in self._noted:
            return self._noted[bot_id]
        seconds = await self._redis.execute_command("HGET", self._key, bot_id)
        return None if seconds is None else int(seconds)
