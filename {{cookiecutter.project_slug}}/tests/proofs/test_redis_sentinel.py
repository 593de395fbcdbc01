"""REDIS_URL names Sentinels: the primary is found, and the next one when it is exchanged."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.redis.errors import describe, is_away
from fleet.redis.pool import create_redis
from fleet.settings import Settings
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.redis_groups import Watched, running, until_written
from tests.proofs.watch import APP, Users, new_bots


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path)
    with running(*watched.servers, *watched.sentinels):
        await watched.until_settled()
        yield watched


async def port_of(redis: Redis) -> int:
    return int((await redis.config_get("port"))["port"])


async def fill(redis: Redis) -> None:
    """Have several connections, as a service under load has them."""
    await asyncio.gather(*(redis.execute_command("BLPOP", "nothing", 0.1) for _ in range(8)))


async def test_commands_go_on_with_the_new_primary(watched: Watched) -> None:
    old = await watched.until_settled()
    async with create_redis(Settings(redis_url=SecretStr(watched.url))) as redis:
        await fill(redis)
        assert await port_of(redis) == old.port
        watched.fail_over()
        new = await watched.until_settled()
        assert new is not old
        await until_written(redis, "after")
        assert await port_of(redis) == new.port
        # None of the connections that were there is used again, and all others work at once.
        await fill(redis)
        assert await asyncio.gather(*(port_of(redis) for _ in range(8))) == [new.port] * 8


async def test_a_primary_that_is_killed(watched: Watched) -> None:
    old = await watched.until_settled()
    async with create_redis(Settings(redis_url=SecretStr(watched.url))) as redis:
        await fill(redis)
        old.kill()
        await until_written(redis, "after")
        assert await port_of(redis) != old.port


async def test_a_primary_that_hangs(watched: Watched) -> None:
    """Its connections stay open: only their time-out tells."""
    old = await watched.until_settled()
    async with create_redis(Settings(redis_url=SecretStr(watched.url))) as redis:
        await fill(redis)
        old.pause()
        await until_written(redis, "after")
        assert await port_of(redis) != old.port
        await asyncio.gather(*(redis.execute_command("PING") for _ in range(8)))


async def test_sentinels_that_are_down_or_hang_are_passed_over(watched: Watched) -> None:
    watched.sentinels[0].kill()
    watched.sentinels[1].pause()
    async with create_redis(Settings(redis_url=SecretStr(watched.url))) as redis:
        assert await redis.execute_command("PING")
    watched.sentinels[2].kill()
    async with create_redis(Settings(redis_url=SecretStr(watched.url))) as redis:
        with pytest.raises(RedisError) as caught:
            await redis.execute_command("PING")
    assert describe(caught.value).startswith("Redis is away (Error 111 connecting to 127.0.0.1:")


@pytest.mark.parametrize("wrong", ["name", "server"])
async def test_what_is_wrong_in_the_address_is_told(watched: Watched, wrong: str) -> None:
    primary = await watched.until_settled()
    url, hint = {
        "name": (watched.url + "x", "see master in REDIS_URL: the Sentinels know no primary of"),
        "server": (
            f"redis+sentinel://127.0.0.1:{primary.port}?master=x",
            "redis+sentinel:// must name Sentinels, not their servers",
        ),
    }[wrong]
    async with create_redis(Settings(redis_url=SecretStr(url))) as redis:
        with pytest.raises(RedisError) as caught:
            await redis.execute_command("PING")
    assert not is_away(caught.value)
    assert hint in describe(caught.value)


async def test_logins_of_both(watched: Watched) -> None:
    """Sentinels and servers have passwords of their own."""
    for server in watched.servers:
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "me", "on", ">p@ss", "+@all", "~*")
            client.execute_command("ACL", "SETUSER", "default", "resetpass", "off")
    for sentinel in watched.sentinels:
        with sentinel.client() as client:
            client.execute_command("ACL", "SETUSER", "look", "on", ">s3cret", "+@all")
            client.execute_command("ACL", "SETUSER", "default", "off")
    url = watched.url.replace("://", "://me:p%40ss@")
    login = "&sentinel_username=look&sentinel_password=s3cret"
    async with create_redis(Settings(redis_url=SecretStr(url + login))) as redis:
        assert await redis.execute_command("ACL WHOAMI") == "me"
    async with create_redis(Settings(redis_url=SecretStr(url))) as redis:
        with pytest.raises(RedisError) as caught:
            await redis.execute_command("PING")
    assert describe(caught.value).startswith("Redis refuses the login (")


async def test_the_fleet_goes_on_and_nothing_is_lost(
    start_service: StartService, sandbox: SandboxClient, watched: Watched
) -> None:
    """Updates come before, while and after the primary dies."""
    [bot], token = await new_bots(sandbox)
    settings = {"REDIS_URL": watched.url, "REDIS_WAIT_REPLICAS": "1"}
    await start_service(APP, BOT_TOKENS=token, **settings)
    old = await watched.until_settled()
    users = Users(sandbox, [bot], users=10)
    await users.all_say("sleep 1")
    old.kill()
    await users.all_say("killed")
    await watched.until_replaced(old)
    await users.all_say("replaced")
    old.start()  # the Sentinels make a replica of it, without which nothing would be confirmed
    await watched.until_settled()
    await users.all_say("settled")
    await users.until_answered()
