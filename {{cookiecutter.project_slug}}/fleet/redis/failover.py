"""How the new primary is found when the old one has gone."""

import asyncio
import contextlib
from typing import Any

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - redis' name
    RedisError,
)

from fleet.redis.connections import Lost

SENTINEL_TIMEOUT = 2.0
"""Seconds that a Sentinel may take to accept a connection, or to answer; then another is asked."""


class Pool(BlockingConnectionPool):
    """redis-py's. Its connections are dropped together: see `connections.py` for when."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.connection_kwargs["lost"] = self.drop

    async def drop(self) -> None:
        """Have no connection carry another command: idle ones go now, the others with their own."""
        await self.update_active_connections_for_reconnect()  # type: ignore[no-untyped-call]
        with contextlib.suppress(RedisError):  # one that was closing badly is gone, too
            await self.disconnect(inuse_connections=False)


class PrimaryFinder:
    """Asks Sentinels which server is the primary: for every new connection, so none is missed.

    Args:
        hosts: the Sentinels.
        name: by which they know the primary.
        options: of the connections to them.
        moved: to call when the primary is another one than before.
    """

    def __init__(
        self, hosts: list[tuple[str, int]], name: str, options: dict[str, Any], moved: Lost
    ) -> None:
        self._hosts = list(hosts)
        self._name = name
        self._options = options
        self._moved = moved
        self._last: tuple[str, int] | None = None
        self._lock = asyncio.Lock()

    async def find(self) -> tuple[str, int]:
        """Find the primary.

        Raises `redis.exceptions.RedisError`: what went wrong with the first Sentinel if none knows
        a primary that is up.
        """
        async with self._lock:
            primary = await self._ask_each()
        if primary != self._last:
            was_known, self._last = self._last is not None, primary
            if was_known:
                await self._moved()
        return primary

    async def _ask_each(self) -> tuple[str, int]:
        failures: list[RedisError] = []
        for host in tuple(self._hosts):
            try:
                primary = await self._ask(host)
            except RedisError as error:
                failures.append(error)
                continue
            # Who answers is asked first the next time: one that hangs costs its time-out once.
            self._hosts.remove(host)
            self._hosts.insert(0, host)
            return primary
        raise failures[0]

    async def _ask(self, host: tuple[str, int]) -> tuple[str, int]:
        pool = ConnectionPool(host=host[0], port=host[1], **self._options)
        async with Redis.from_pool(pool) as sentinel:
            state = await sentinel.execute_command("SENTINEL MASTER", self._name)
        if state["is_sdown"] or state["is_odown"]:
            raise ConnectionError(f"the primary {self._name} is down, says the Sentinel {host[0]}")
        return state["ip"], state["port"]
