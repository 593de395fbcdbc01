"""Redis that can be read, but not written: no turn begins whose end could not be written.

What handlers do counts once: guarantee 6. Redis may be a replica after a failover, its disk full,
its replicas away.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from fleet.shards.beats import DEAD_AFTER
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.chats import answers
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import get, new_bots
from tests.waiting import until

APP = "tests.proofs.counting"


def cannot_save(client: redis.Redis, folder: Path) -> None:
    """Let it fail to write its snapshot, as on a full disk."""
    (folder / "dump.rdb").mkdir()
    client.config_set("save", "3600 1")
    client.bgsave()
    while client.execute_command("INFO", "persistence")["rdb_last_bgsave_status"] != "err":
        time.sleep(0.02)


def saves_again(client: redis.Redis, folder: Path) -> None:
    (folder / "dump.rdb").rmdir()
    client.config_set("save", "")


def becomes_replica(client: redis.Redis, _: Path) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", free_port())


def becomes_primary(client: redis.Redis, _: Path) -> None:
    client.execute_command("REPLICAOF", "NO", "ONE")


def lacks_replicas(client: redis.Redis, _: Path) -> None:
    client.config_set("min-replicas-to-write", 1)


def needs_none(client: redis.Redis, _: Path) -> None:
    client.config_set("min-replicas-to-write", 0)


Change = Callable[[redis.Redis, Path], None]


@pytest.mark.parametrize(
    ("refuse", "recover", "code"),
    [
        (cannot_save, saves_again, "MISCONF"),
        (becomes_replica, becomes_primary, "READONLY"),
        (lacks_replicas, needs_none, "NOREPLICAS"),
    ],
)
async def test_what_was_said_is_said_once(
    start_service: StartService,
    sandbox: SandboxClient,
    server: RedisServer,
    tmp_path: Path,
    refuse: Change,
    recover: Change,
    code: str,
) -> None:
    [bot], tokens = await new_bots(sandbox)
    settings = {"BOT_TOKENS": tokens, "REDIS_URL": server.url}
    replicas = await asyncio.gather(*(start_service(APP, **settings) for _ in range(2)))
    users = range(1, 9)

    async def said(user: int) -> list[str]:
        return [text.partition(" ")[2] for text in await answers(sandbox, bot, user)]

    async def have_said(number: int) -> bool:
        return all([len(await said(user)) >= number for user in users])

    async def is_told() -> bool:
        return {(await get(replica, "/health/ready"))[0] for replica in replicas} == {503}

    for user in users:
        await sandbox.send(bot, "first 2 3", user_id=user)
        await sandbox.send(bot, "second 1 0", user_id=user)
    await until(lambda: have_said(1), "the turns are in hand")
    with server.client() as client:
        await asyncio.to_thread(refuse, client, tmp_path)
        await sandbox.send(bot, "third 1 0", user_id=1)
        await until(lambda: have_said(2), "handlers come to their end")
        await until(is_told, "every replica says that it is not ready")
        assert any(f"Redis takes no writes ({code}" in replica.log for replica in replicas)
        # Longer than a holder may act without a beat, and than others wait for one.
        await asyncio.sleep(DEAD_AFTER + 2)
        for user in users:
            assert await said(user) == ["first 1", "first 2"]
        recover(client, tmp_path)
    everything = ["first 1", "first 2", "second 1"]
    await until(lambda: have_said(len(everything)), "it goes on by itself")

    async def third() -> bool:
        return len(await said(1)) > len(everything)

    await until(third, "what stayed with Telegram comes, too")
    assert await said(1) == [*everything, "third 1"]
    for user in users[1:]:
        assert await said(user) == everything
