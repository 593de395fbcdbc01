"""Writes that count only when replicas have them: what a failover cannot lose."""

import asyncio
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from fleet.redis.errors import NotReplicatedError

TIMEOUT = 1.0
"""Seconds that replicas have: shorter than what Redis has for an answer."""


class Confirmed:
    """Runs scripts, and waits until so many replicas have what Redis has then.

    That includes what was there before: a script that finds its work done by an earlier attempt,
    which nobody had confirmed, is confirmed as well.

    Args:
        redis: where.
        replicas: how many, of the node that has the keys; 0: none are waited for.
    """

    def __init__(self, redis: Redis, replicas: int) -> None:
        self._redis = redis
        self._replicas = replicas
        # Where replicas are missing each waits to its end, on a connection that others need.
        self._places = asyncio.Semaphore(max(1, redis.connection_pool.max_connections // 4))

    async def run(self, script: AsyncScript, keys: list[str], arguments: Iterable[Any]) -> Any:
        """Run a script. Returns what it returns.

        Raises:
            RedisError: `NotReplicatedError` if too few replicas have it in time. Redis has it,
                then, and may lose it: run the script again.
        """
        if not self._replicas:
            return await script(keys=keys, args=arguments)
        command = [len(keys), *keys, *arguments]
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._places.acquire()
        except TimeoutError:
            raise NotReplicatedError(f"others wait for {self._replicas} replicas") from None
        try:
            return await self._run(script, command)
        finally:
            self._places.release()

    async def _run(self, script: AsyncScript, command: list[Any]) -> Any:
        try:
            answer, confirmed = await self._send(script, command)
        except NoScriptError:
            await self._redis.script_load(script.script)
            answer, confirmed = await self._send(script, command)
        if confirmed < self._replicas:
            raise NotReplicatedError(
                f"{confirmed} of {self._replicas} replicas have it after {TIMEOUT:g} s"
            )
        return answer

    async def _send(self, script: AsyncScript, command: list[Any]) -> list[Any]:
        # On one connection: on another one WAIT might ask the next primary.
        async with self._redis.pipeline(transaction=False) as both:
            both.execute_command("EVALSHA", script.sha, *command)
            both.execute_command("WAIT", self._replicas, int(TIMEOUT * 1000))
            return await both.execute()
