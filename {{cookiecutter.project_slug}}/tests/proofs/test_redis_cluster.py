"""REDIS_URL names a Cluster: commands find the node that has their key, wherever it has moved."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import DataError, RedisError

from fleet.redis.cluster import Cluster, is_cluster
from fleet.redis.errors import describe, is_away
from fleet.redis.keys import tagged
from fleet.redis.pool import create_redis
from fleet.redis.server import look_at_server
from fleet.redis.slots import slot_of, slot_of_key
from fleet.settings import Settings
from fleet.shards.shard import key_of_shard, shard_of
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.redis_groups import Nodes, running, until_written
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import APP, Users, complaints, new_bots
from tests.waiting import until

KEYS = [tagged(number) for number in range(12)]
"""On all of the nodes."""


def client_of(url: str) -> Cluster:
    redis = create_redis(Settings(redis_url=SecretStr(url)))
    assert isinstance(redis, Cluster)
    return redis


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Nodes]:
    """Three of them."""
    nodes = Nodes(tmp_path)
    with running(*nodes.servers):
        await nodes.join()
        yield nodes


@pytest.fixture
async def doubled(tmp_path: Path) -> AsyncIterator[Nodes]:
    """Three of them, each with a replica."""
    nodes = Nodes(tmp_path, replicas=True)
    with running(*nodes.servers):
        await nodes.join()
        yield nodes


def count_connections(servers: list[RedisServer]) -> int:
    """Count those of clients, without the one that asks."""
    connected = 0
    for server in servers:
        with server.client() as client:
            connected += len(client.client_list(_type="normal")) - 1
    return connected


async def test_what_the_service_uses_works_there(nodes: Nodes) -> None:
    async with client_of(nodes.url) as redis:
        assert is_cluster(redis)
        script = redis.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        assert await asyncio.gather(*(script([key], [7]) for key in KEYS)) == [7] * len(KEYS)
        assert await redis.mget([*KEYS, "nothing"]) == [b"7"] * len(KEYS) + [None]
        assert await redis.execute_command("BLPOP", "nothing", 0.1) is None
        async with redis.pipeline() as change:
            change.execute_command("HSET", "{f}registry", 1, "x")
            change.incr("{f}version")
            assert await change.execute() == [1, 1]
        assert await redis.execute_command("PING")
        assert len(await redis.time()) == 2


async def test_a_pipeline_of_several_slots_is_refused(nodes: Nodes) -> None:
    async with client_of(nodes.url) as redis, redis.pipeline() as change:
        change.incr("{1}")
        change.incr("{2}")
        with pytest.raises(DataError, match="a pipeline has the keys of one slot"):
            await change.execute()


async def test_a_caller_waits_for_a_free_connection(nodes: Nodes) -> None:
    async with client_of(nodes.url + "?max_connections=2") as redis:
        waits = [redis.execute_command("BLPOP", key, 0.1) for key in KEYS * 2]
        assert await asyncio.gather(*waits) == [None] * len(KEYS * 2)
        assert count_connections(nodes.servers) <= 2 * len(nodes.servers)


async def test_slots_that_move(nodes: Nodes) -> None:
    """As when the Cluster gets a node more, or one leaves."""
    async with client_of(nodes.url) as redis:
        for key in KEYS:
            await redis.set(key, "x")
        [target] = nodes.primaries[2:]
        with target.client() as there:
            target_id = there.execute_command("CLUSTER MYID")
        for key in KEYS:
            source = nodes.primary_of(key)
            if source is target:
                continue
            with source.client() as here, target.client() as there:
                slot = here.execute_command("CLUSTER", "KEYSLOT", key)
                source_id = here.execute_command("CLUSTER MYID")
                there.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
                here.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
                assert await redis.execute_command("SET", key, "y")
                here.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5_000)
                assert await redis.execute_command("GET", key) == b"y"
                for server in nodes.primaries:
                    with server.client() as one:
                        one.execute_command("CLUSTER", "SETSLOT", slot, "NODE", target_id)
                assert await redis.execute_command("SET", key, "z")
        last = [b"x" if nodes.primary_of(key) is target else b"z" for key in KEYS]
        assert await redis.mget(KEYS) == last


async def test_a_failover_that_somebody_orders(doubled: Nodes) -> None:
    async with client_of(doubled.url) as redis:
        script = redis.register_script("return redis.call('INCR', KEYS[1])")
        await asyncio.gather(*(script([key]) for key in KEYS))
        old = doubled.primary_of(KEYS[0])
        with doubled.replicas[doubled.primaries.index(old)].client() as client:
            client.execute_command("CLUSTER", "FAILOVER")
        await doubled.until_replaced(old)
        await until_written(redis, KEYS[0] + "other")
        assert await asyncio.gather(*(script([key]) for key in KEYS)) == [2] * len(KEYS)


async def test_a_primary_that_is_killed(doubled: Nodes) -> None:
    async with client_of(doubled.url) as redis:
        await asyncio.gather(*(redis.set(key, "x") for key in KEYS))
        doubled.primary_of(KEYS[0]).kill()
        await asyncio.gather(*(until_written(redis, key) for key in KEYS))


async def test_a_primary_that_hangs(doubled: Nodes) -> None:
    async with client_of(doubled.url + "?socket_timeout=2") as redis:
        await asyncio.gather(*(redis.set(key, "x") for key in KEYS))
        doubled.primary_of(KEYS[0]).pause()
        await asyncio.gather(*(until_written(redis, key) for key in KEYS))


async def test_a_cluster_that_is_away(nodes: Nodes) -> None:
    async with client_of(nodes.url + "?max_connections=4") as redis:
        await asyncio.gather(*(redis.set(key, "x") for key in KEYS))
        for server in nodes.servers:
            server.kill()
        for _ in range(2):
            with pytest.raises(RedisError) as caught:
                await redis.get(KEYS[0])
            assert is_away(caught.value), describe(caught.value)
        for server in nodes.servers:
            server.start()
        await asyncio.gather(*(until_written(redis, key) for key in KEYS))


async def test_every_node_is_looked_at(nodes: Nodes) -> None:
    async with client_of(nodes.url) as redis:
        assert await look_at_server(redis) is None
        with nodes.primaries[2].client() as client:
            client.config_set("maxmemory", "100mb")
            client.config_set("maxmemory-policy", "allkeys-lru")
        assert "its maxmemory-policy is allkeys-lru" in str(await look_at_server(redis))


async def test_a_server_that_is_no_cluster(clean_redis: str) -> None:
    address = clean_redis.rpartition("/")[0].replace("redis://", "redis+cluster://")
    async with client_of(address) as redis:
        with pytest.raises(RedisError) as caught:
            await redis.execute_command("PING")
    said = describe(caught.value)
    assert said.endswith("; REDIS_URL must name a server that is no Cluster by redis://"), said


async def test_a_cluster_that_is_named_as_a_server(nodes: Nodes) -> None:
    url = SecretStr(nodes.servers[0].url)
    async with create_redis(Settings(redis_url=url)) as redis:
        assert not is_cluster(redis)
        with pytest.raises(RedisError) as caught:
            await asyncio.gather(*(redis.get(key) for key in KEYS))
    said = describe(caught.value)
    assert said.endswith("; REDIS_URL must name a Redis Cluster by redis+cluster://"), said


async def test_a_login_that_is_refused(nodes: Nodes) -> None:
    for server in nodes.servers:
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "me", "on", ">right", "+@all", "~*")
    async with client_of(nodes.url.replace("://", "://me:right@")) as redis:
        assert await redis.set("x", "y")
    async with client_of(nodes.url.replace("://", "://me:wrong@")) as redis:
        with pytest.raises(RedisError) as caught:
            await redis.get("x")
    assert describe(caught.value).startswith("Redis refuses the login (")


async def test_the_fleet_on_a_cluster(
    start_service: StartService, sandbox: SandboxClient, nodes: Nodes, tmp_path: Path
) -> None:
    """What is the whole fleet's has one slot, what is a chat's that of its shard."""
    [bot], tokens = await new_bots(sandbox)
    settings = {"BOT_TOKENS": tokens, "REDIS_URL": nodes.url, "SHARDS": "16"}
    service = await start_service(APP, **settings)
    for user in range(7, 17):
        await sandbox.send(bot, "count", user_id=user)
        assert (await sandbox.reply(bot, user))["text"] == "1"
    fleet, chats = CommandLine(tmp_path, settings), tmp_path / "chats"
    chats.write_text("7\n8\n9")
    arguments = (f"--bot={bot}", "--text=News!", f"--chats={chats}")
    [sent] = await fleet.json("broadcast", "send", *arguments)
    assert (sent["state"], sent["sent"]) == ("done", 3)
    states = {
        key_of_shard("fleet:", shard_of(bot, user, 16), f"fsm:{bot}:{user}:{user}:data")
        for user in range(7, 17)
    }
    async with client_of(nodes.url) as redis:

        async def keys() -> set[str]:
            return {key.decode() for node in await redis.nodes() for key in await node.keys("*")}

        async def have_states() -> bool:
            return {key for key in await keys() if "fsm:" in key} == states

        await until(have_states, "the turns are over, each with its state in the slot of its shard")
        others = await keys() - states - {"turns"}
    of_shards = {key for key in others if re.match(r"fleet:\{\d+\}:", key)}
    assert {key.partition("}")[0] for key in others - of_shards} == {"{fleet:"}
    assert any(":chats:" in key for key in of_shards)
    assert [info["id"] for info in await fleet.json("list")] == [bot]
    assert complaints(service.log) == []


async def test_the_fleet_goes_on_and_nothing_is_lost(
    start_service: StartService, sandbox: SandboxClient, doubled: Nodes
) -> None:
    """Updates come before, while and after the node of its keys dies."""
    [bot], token = await new_bots(sandbox)
    settings = {"REDIS_URL": doubled.url, "REDIS_WAIT_REPLICAS": "1"}
    await start_service(APP, BOT_TOKENS=token, **settings)
    users = Users(sandbox, [bot], users=10)
    await users.all_say("sleep 1")
    old = doubled.primary_of("{fleet:}")
    old.kill()
    await users.all_say("killed")
    await doubled.until_replaced(old)
    await users.all_say("replaced")
    old.start()  # it comes back as a replica, without which nothing would be confirmed
    await users.until_answered()


@pytest.mark.parametrize(
    "command",
    [
        ["GET", "x"],
        [b"set", b"x", 1],
        ["EVALSHA", "0" * 40, 2, "{x}1", "{x}2", "y"],
        ["FCALL", "name", "1", "x", "y"],
        ["BLPOP", "x", 1],
        ["BITOP", "AND", "{x}1", "{x}2"],
        ["OBJECT", "ENCODING", "x"],
        ["MEMORY USAGE", "x"],
        ["XGROUP CREATE", "x", "group", "$"],
        ["XREADGROUP", "GROUP", "g", "me", "STREAMS", "x", ">"],
        ["LMPOP", 1, "x", "LEFT"],
        ["BZMPOP", 0, 1, "x", "MIN"],
        ["SINTERCARD", 2, "{x}1", "{x}2"],
        ["ZUNION", 2, "{x}1", "{x}2"],
    ],
)
async def test_the_key_of_a_command(clean_redis: str, command: list[Any]) -> None:
    """It is where Redis says."""
    async with Redis.from_url(clean_redis) as redis:
        words = command[0].split()
        first, *_ = await redis.execute_command("COMMAND GETKEYS", *words, *command[1:])
    assert slot_of(command) == slot_of_key(first)


def test_commands_without_a_key() -> None:
    assert slot_of(["PING"]) is None
    assert slot_of(["EVAL", "return 1", 0, "argument"]) is None
    for name in ("SCAN", "KEYS"):
        with pytest.raises(DataError, match=rf"{name} .* ask each of Cluster\.nodes\(\)"):
            slot_of([name, 0])
