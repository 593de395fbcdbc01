"""REDIS_WAIT_REPLICAS: what was not confirmed by a replica was not entered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.inbox import Inbox
from fleet.redis.errors import NotReplicatedError, describe, is_away
from fleet.redis.keys import tagged
from fleet.redis.pool import create_redis
from fleet.redis.replicas import Confirmed
from fleet.settings import Settings
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.mail import text, waiting
from tests.proofs.redis_groups import Nodes, make_replica, make_server, running, until_replicated
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import APP, get, new_bots
from tests.waiting import until

SAID = (
    "Redis takes no writes (0 of 1 replicas have it after 1 s); "
    "start replicas, or lower REDIS_WAIT_REPLICAS"
)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[RedisServer, RedisServer]]:
    """A primary and its replica."""
    primary = make_server(tmp_path, "primary")
    replica = make_replica(tmp_path, "replica", primary)
    with running(primary, replica):
        await until_replicated(primary)
        yield primary, replica


def client_of(url: str) -> Redis:
    return create_redis(Settings(redis_url=SecretStr(url)))


async def test_a_batch_is_entered_when_a_replica_has_it(
    pair: tuple[RedisServer, RedisServer],
) -> None:
    primary, replica = pair
    async with client_of(primary.url) as redis:
        inbox = Inbox(redis, wait_replicas=1)
        assert await inbox.put(1, [text(1), text(2)]) == 2
        replica.pause()
        for _ in range(2):  # also when it only finds what is there
            with pytest.raises(NotReplicatedError) as caught:
                await inbox.put(1, [text(3)])
            assert describe(caught.value) == SAID
            assert is_away(caught.value)
        replica.resume()
        await until_replicated(primary)
        assert await inbox.put(1, [text(3)]) == 0
        assert await inbox.put(1, [text(4)]) == 1
    with replica.client() as client:
        assert waiting(client) == 4


async def test_who_waits_leaves_connections_to_others(
    pair: tuple[RedisServer, RedisServer],
) -> None:
    primary, replica = pair
    async with client_of(primary.url + "?max_connections=4&timeout=1") as redis:
        script = redis.register_script("return redis.call('INCR', KEYS[1])")
        confirmed = Confirmed(redis, 1)
        await confirmed.run(script, ["x"], [])
        replica.pause()
        tries = [confirmed.run(script, ["x"], []) for _ in range(8)]
        waiting = asyncio.gather(*tries, return_exceptions=True)
        assert await asyncio.gather(*(redis.execute_command("PING") for _ in range(20)))
        assert {type(answer) for answer in await waiting} == {NotReplicatedError}


async def test_the_replica_of_the_node_that_has_the_key(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, replicas=True)
    with running(*nodes.servers):
        await nodes.join()
        async with client_of(nodes.url) as redis:
            script = redis.register_script("return redis.call('INCR', KEYS[1])")
            confirmed = Confirmed(redis, 1)
            keys = [tagged(number) for number in range(6)]
            for key in keys:
                assert await confirmed.run(script, [key], []) == 1
            nodes.replicas[nodes.primaries.index(nodes.primary_of(keys[0]))].pause()
            for key in keys:
                if nodes.primary_of(key) is nodes.primary_of(keys[0]):
                    with pytest.raises(NotReplicatedError):
                        await confirmed.run(script, [key], [])
                else:
                    assert await confirmed.run(script, [key], []) == 2


async def test_the_state_of_a_bot_says_why_nothing_is_entered(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    [bot], token = await new_bots(sandbox)
    primary = make_server(tmp_path, "primary")
    with running(primary):
        service = await start_service(
            APP, BOT_TOKENS=token, REDIS_URL=primary.url, REDIS_WAIT_REPLICAS="1"
        )
        await sandbox.send(bot, "hello")

        async def told() -> bool:
            [shown] = (await get(service))[1]["bots"]
            return bool(shown["error"] == SAID)

        await until(told, "/health says why")
        replica = make_replica(tmp_path, "replica", primary)
        with running(replica):
            assert (await sandbox.reply(bot, 7))["text"] == "hello"
