"""A failover behind one address: after the first sign of it no old connection is used again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError, TimeoutError  # noqa: A004 - redis' name

from fleet.redis.errors import Trouble, is_away, trouble_of
from fleet.redis.pool import create_redis
from fleet.settings import Settings
from tests.proofs.proxies import relay
from tests.proofs.redis_groups import make_replica, make_server, running, until_replicated
from tests.proofs.redis_server import RedisServer
from tests.serving import listening
from tests.waiting import until

MANY = 8
"""Connections that a client has."""


@dataclass
class Address:
    """Where clients connect to; those that are connected stay with the server that was there."""

    server: RedisServer
    other: RedisServer
    port: int = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await relay(reader, writer, self.server.port)

        async with listening(take) as self.port:
            yield

    def move(self) -> None:
        self.server, self.other = self.other, self.server

    async def promote(self) -> None:
        """Make the replica the primary, and the primary its replica."""
        await until_replicated(self.server)
        with self.server.client() as old, self.other.client() as new:
            new.execute_command("REPLICAOF", "NO", "ONE")
            old.execute_command("REPLICAOF", "127.0.0.1", self.other.port)


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[Address]:
    first = make_server(tmp_path, "first")
    second = make_replica(tmp_path, "second", first)
    with running(first, second):
        await until_replicated(first)
        address = Address(first, second)
        async with address.serving():
            yield address


@pytest.fixture
async def redis(address: Address) -> AsyncIterator[Redis]:
    """A client that has MANY connections."""
    url = f"redis://127.0.0.1:{address.port}/0?socket_timeout=2"
    async with create_redis(Settings(redis_url=SecretStr(url))) as redis:
        await asyncio.gather(*(redis.execute_command("BLPOP", "x", 0.1) for _ in range(MANY)))
        yield redis


async def write(redis: Redis) -> None:
    await redis.execute_command("SET", "key", "value")


async def write_by_script(redis: Redis) -> None:
    await redis.register_script("redis.call('SET', KEYS[1], 'value')")(["key"])


async def write_at_once(redis: Redis) -> None:
    async with redis.pipeline() as change:
        change.incr("counter")
        await change.execute()


@pytest.mark.parametrize("writing", [write, write_by_script, write_at_once])
async def test_a_primary_that_is_a_replica_now(
    address: Address, redis: Redis, writing: Callable[[Redis], Awaitable[None]]
) -> None:
    await address.promote()
    address.move()
    with pytest.raises(RedisError) as caught:
        await writing(redis)
    assert trouble_of(caught.value) is Trouble.NO_WRITES
    assert is_away(caught.value)
    await asyncio.gather(*(writing(redis) for _ in range(MANY)))


async def test_a_connection_in_use_goes_with_the_others(address: Address, redis: Redis) -> None:
    waiting = asyncio.create_task(redis.execute_command("BLPOP", "nothing", 1))

    async def blocked() -> bool:
        with address.server.client() as client:
            return bool(client.info("clients")["blocked_clients"])

    await until(blocked, "a connection is in use")
    await address.promote()
    address.move()
    with pytest.raises(RedisError):
        await write(redis)
    with contextlib.suppress(RedisError):  # the old primary ends it when it becomes a replica
        await waiting
    await asyncio.gather(*(write(redis) for _ in range(MANY)))


async def test_an_old_primary_that_is_silent(address: Address, redis: Redis) -> None:
    """One time-out tells it for all connections."""
    address.server.pause()
    with address.other.client() as new:
        new.execute_command("REPLICAOF", "NO", "ONE")
    address.move()
    with pytest.raises(TimeoutError):
        await write(redis)
    await asyncio.gather(*(write(redis) for _ in range(MANY)))
