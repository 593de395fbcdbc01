"""What Redis' answers mean, as real ones come."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from redis import exceptions
from redis.asyncio import Redis

from fleet.redis.errors import TooOldError, describe, is_away
from fleet.redis.server import look_at_server
from tests.serving import listening


@contextlib.asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Redis]:
    """Talk to a server that answers everything so: errors that no Redis here gives at will."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            writer.write(answer)

    async with listening(serve) as port, Redis(port=port, driver_info=None) as redis:
        yield redis


async def refusal(redis: Redis, *command: str) -> exceptions.RedisError:
    with pytest.raises(exceptions.RedisError) as caught:
        await redis.execute_command(*command)
    return caught.value


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["INCR", "{list}"], "another program uses the same keys: set REDIS_PREFIX"),
        (
            ["EVAL", "return redis.call('INCR', KEYS[1])", "1", "{list}"],
            "another program uses the same keys: set REDIS_PREFIX",
        ),
        (["FLEET"], "Redis 6.2 or later is needed"),
        (["EVAL", "return redis.call('FLEET')", "0"], "Redis 6.2 or later is needed"),
        (["SELECT", "100000"], "write a database that it has into REDIS_URL"),
        (["EVAL", "return nothing.there", "0"], None),
    ],
)
async def test_a_refusal_is_not_called_away(
    redis: Redis, command: list[str], hint: str | None
) -> None:
    await redis.execute_command("RPUSH", "{list}", "x")
    error = await refusal(redis, *command)
    said = describe(error)
    assert not is_away(error)
    assert said.startswith("Redis refuses what it is asked (")
    assert said.endswith(f"; {hint}" if hint else ")"), said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"-OOM command not allowed", "Redis has reached its memory limit (OOM command"),
        (b"-READONLY You can't write", "Redis takes no writes (READONLY You can't write)"),
        (b"-MISCONF no disk", "Redis takes no writes (MISCONF no disk)"),
        (b"-LOADING Redis is loading", "Redis is away (LOADING Redis is loading); see REDIS_URL"),
        (b"-BUSY a script runs", "Redis is away (BUSY a script runs)"),
        (b"-WRONGPASS no", "Redis refuses the login (WRONGPASS no); see REDIS_PASSWORD"),
        (b"-NOAUTH log in", "Redis refuses the login (NOAUTH log in)"),
        (
            b"-ERR Protocol error: unauthenticated multibulk length",
            "Redis refuses the login (Protocol error: unauthenticated multibulk length); see",
        ),
        (b"-NOPERM no", "Redis refuses what it is asked (NOPERM no); allow its user all commands"),
        (b"-MOVED 1 h:1", "Redis refuses what it is asked (MOVED 1 h:1); REDIS_URL must name a"),
        (b"-CLUSTERDOWN no", "Redis is away (CLUSTERDOWN no); see REDIS_URL"),
        # As up to Redis 6.2 a script's error is told.
        (
            b"-ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM no",
            "Redis has reached its memory limit",
        ),
    ],
)
async def test_each_answer_has_its_words(answer: bytes, said: str) -> None:
    async with answering(answer + b"\r\n") as redis:
        assert describe(await refusal(redis, "GET", "x")).startswith(said)


@pytest.mark.parametrize("version", ["6.0.16", "5.0.14", "2.8.9"])
async def test_an_old_redis_is_told_for_what_it_is(version: str) -> None:
    info = f"redis_version:{version}\r\n"
    async with answering(f"${len(info)}\r\n{info}\r\n".encode()) as redis:
        with pytest.raises(TooOldError) as caught:
            await look_at_server(redis)
    assert describe(caught.value) == f"Redis is too old ({version}); Redis 6.2 or later is needed"


async def test_the_redis_of_the_tests_is_fit(redis: Redis) -> None:
    assert await look_at_server(redis) is None


async def test_a_sentinel_in_the_place_of_a_server() -> None:
    info = "redis_version:7.2.0\r\nredis_mode:sentinel\r\n"
    async with answering(f"${len(info)}\r\n{info}\r\n".encode()) as redis:
        with pytest.raises(exceptions.RedisError) as caught:
            await look_at_server(redis)
    assert describe(caught.value) == (
        "Redis refuses what it is asked (it is a Sentinel); "
        "REDIS_URL must name Sentinels by redis+sentinel://"
    )
