"""The groups that have become supergroups, as all replicas know them.

One key: `moves`, a stream: `bot`, `old` and `new`, the ids of the group and of the supergroup; the
newest 20,000 stay, more or less.
"""

import asyncio
import contextlib

from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.redis.keys import PREFIX, of_fleet
from fleet.tasks import is_cancelled
from fleet.telegram.moves import MOST, Move, Moves

LOOK = 1.0
"""Seconds between two looks at what others have learned."""
PAGE = 1000
"""Groups that are read at once."""


class MoveBook:
    """Tells other replicas, and those of later, of groups that have moved, and hears of theirs.

    Args:
        redis: the client.
        moves: those that this replica knows.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, moves: Moves, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._moves = moves
        self._key = of_fleet(redis, prefix) + "moves"
        self._heard = "0-0"
        self._telling = asyncio.Lock()

    async def run(self) -> None:
        """Go on until cancelled."""
        while not is_cancelled():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._moves.were_noted.wait()
            try:
                await self.tell()
                await self.hear()
            except RedisError:  # the worker says so
                await asyncio.sleep(LOOK)

    async def tell(self) -> None:
        """Write what was learned here. Raises `redis.exceptions.RedisError`; it is told later,
        then."""
        async with self._telling:  # once this returns, all of it is there
            news = self._moves.take_news()
            try:
                for bot_id, old, new in news:
                    await self._redis.execute_command(
                        "XADD", self._key, "MAXLEN", "~", MOST, "*",
                        "bot", bot_id, "old", old, "new", new,
                    )  # fmt: skip
            except BaseException:
                self._moves.tell_again(news)
                raise

    async def hear(self) -> None:
        """Read what is new. Raises `redis.exceptions.RedisError`."""
        while page := await self._redis.xrange(self._key, min=f"({self._heard}", count=PAGE):
            for entry, fields in page:
                self._heard = entry.decode()
                with contextlib.suppress(KeyError, ValueError):  # damaged
                    ids = (int(fields[name]) for name in (b"bot", b"old", b"new"))
                    self._moves.hear(Move(*ids))
            if len(page) < PAGE:
                return
