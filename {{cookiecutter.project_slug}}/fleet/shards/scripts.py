"""Lua scripts that work on shards."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from fleet.redis.cluster import is_cluster
from fleet.shards.shard import key_of_shard

Argument = str | bytes | int
Run = Callable[[AsyncScript, list[str], Iterable[Argument]], Awaitable[Any]]


async def run_at_once(script: AsyncScript, keys: list[str], arguments: Iterable[Argument]) -> Any:
    """Run a script and wait for nothing else."""
    return await script(keys=keys, args=arguments)


class ShardScripts:
    """Calls scripts on shards: one call for all of them on one server, one for each in a Cluster.

    A script gets the beginning of each shard's keys as KEYS; its reply has one element for each.

    Args:
        redis: the client.
        prefix: REDIS_PREFIX.
        folder: where the scripts are; what `common.lua` there has stands before each.
    """

    def __init__(self, redis: Redis, prefix: str, folder: Path) -> None:
        self._redis = redis
        self._prefix = prefix
        self._folder = folder
        common = folder / "common.lua"
        self._common = common.read_text() if common.exists() else ""
        self.in_one_call = not is_cluster(redis)

    def load(self, name: str) -> AsyncScript:
        return self._redis.register_script(
            self._common + (self._folder / f"{name}.lua").read_text()
        )

    def key(self, shard: int, name: str = "") -> str:
        """Give the name of a key of a shard, or how all of them begin."""
        return key_of_shard(self._prefix, shard, name)

    def fill(self, begin: str, shard: int) -> str:
        """Put how all keys of a shard begin where `*` stands for it."""
        return begin.replace("*", self.key(shard)) if "*" in begin else begin

    async def each(
        self,
        script: AsyncScript,
        common: Sequence[Argument],
        arguments: Mapping[int, Iterable[Argument]],
        run: Run = run_at_once,
    ) -> dict[int, Any]:
        """Call a script that answers for each shard. Raises `redis.exceptions.RedisError`.

        Args:
            script: what `load` gave.
            common: arguments that come first.
            arguments: for each shard, those that follow.
            run: runs it, and waits perhaps until replicas of Redis have it.
        """
        if not arguments:
            return {}
        if not self.in_one_call:
            calls = [
                run(script, [self.key(shard)], [*common, *arguments[shard]]) for shard in arguments
            ]
            # All come to their end, also when one fails: none goes on behind its caller's back.
            replies = await asyncio.gather(*calls, return_exceptions=True)
            answers = {}
            for shard, reply in zip(arguments, replies, strict=True):
                if isinstance(reply, BaseException):
                    raise reply
                answers[shard] = reply[0]
            return answers
        every = list(common)
        for own in arguments.values():
            every += own
        reply = await run(script, [self.key(shard) for shard in arguments], every)
        return dict(zip(arguments, reply, strict=True))

    async def one(self, script: AsyncScript, shard: int, arguments: Sequence[Argument]) -> Any:
        """Call a script on one shard and return its whole reply."""
        return await script(keys=[self.key(shard)], args=list(arguments))


async def ask_each(
    redis: Redis, keys: Sequence[str], command: str, *arguments: Argument
) -> list[Any]:
    """Send the same command for each key, one of each shard, and return the answers.

    Raises `redis.exceptions.RedisError`.
    """
    if is_cluster(redis):
        calls = [redis.execute_command(command, key, *arguments) for key in keys]
        return list(await asyncio.gather(*calls))
    async with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.execute_command(command, key, *arguments)
        return list(await pipeline.execute())
