"""Redis at its memory limit: what frees memory works, so that it can be cured from inside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from fleet.inbox import Inbox, InboxFull
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers, token
from tests.proofs.cli.command import CommandLine
from tests.proofs.mail import text
from tests.proofs.redis_server import RedisServer
from tests.proofs.replica import put_for_ever
from tests.proofs.watch import get, new_bots
from tests.waiting import until

APP = "tests.proofs.counting"
FULL = "1mb"
"""Less than an empty Redis takes."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, "--maxmemory-policy", "noeviction")
    server.start()
    yield server
    server.kill()


async def test_a_replica_that_starts_while_redis_is_full_drains_it(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer
) -> None:
    [bot], tokens = await new_bots(sandbox)
    settings = {"BOT_TOKENS": tokens, "REDIS_URL": server.url}
    # Not the first start of all: that one must write how many shards there are.
    service = await start_service(APP, **settings)
    users = range(1, 21)
    for user in users:
        await sandbox.send(bot, "before 1 0", user_id=user)
    async with Redis.from_url(server.url) as redis:
        inbox = Inbox(redis)

        async def left() -> int:
            return (await inbox.sizes()).get(bot, 0)

        async def empty() -> bool:
            return not await left()

        for user in users:
            await sandbox.reply(bot, user)
        await until(empty, "all turns are over")
        await service.kill()
        waiting = [text(10**6 + n, "waits 1 0", user=users[n % len(users)]) for n in range(300)]
        await inbox.put(bot, waiting)
        await redis.config_set("maxmemory", FULL)
        with pytest.raises(InboxFull):
            await inbox.put(bot, [text(1, user=1)])
        service = await start_service(APP, **settings)
        await until(empty, "the inbox is drained", moving=left)
        calls = await sandbox.calls(bot, "sendMessage")
        assert len(calls) == len(users) + len(waiting), "each has had its turn once"
        assert (await get(service, "/health/ready"))[0] == 200

        # What Redis could not take stayed with Telegram.
        await sandbox.send(bot, "after 1 0", user_id=1)
        await redis.config_set("maxmemory", 0)

        async def comes() -> bool:
            return any("after" in one for one in await answers(sandbox, bot, 1))

        await until(comes, "it works as before")


async def test_commands_that_free_memory_work(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer, tmp_path: Path
) -> None:
    [one, two], tokens = await new_bots(sandbox, 2)
    settings = {
        "BOT_TOKENS": tokens.split()[0],
        "SECRET_KEY": "k" * 40,
        "REDIS_URL": server.url,
        "TELEGRAM_API_URL": sandbox.url,
    }
    fleet = CommandLine(tmp_path, settings)
    await fleet.ok("add", token(two))
    await fleet.ok("pause", str(two))
    service = await start_service(APP, **settings)
    async with Redis.from_url(server.url) as redis:
        inbox = Inbox(redis)
        await inbox.put(two, [text(n, user=n) for n in range(10**6, 10**6 + 20)])
        await redis.config_set("maxmemory", FULL)

        await fleet.ok("pause", str(one))
        states = {bot["id"]: bot["state"] for bot in await fleet.json("list")}
        assert states == {one: "paused", two: "paused"}
        await sandbox.send(one, "rest 1 0", user_id=1)
        await fleet.ok("resume", str(one))
        assert "20 waiting updates" in await fleet.ok("drop", "--yes", str(two))
        assert await inbox.sizes() == {}
        await fleet.ok("remove", str(two))
        assert [bot["id"] for bot in await fleet.json("list")] == [one]

        async def only_one() -> bool:
            return [bot["id"] for bot in (await get(service))[1]["bots"]] == [one]

        await until(only_one, "the service knows of it")
        await redis.config_set("maxmemory", 0)
        assert "rest 1" in (await sandbox.reply(one, 1))["text"]


async def test_dropping_makes_room(server: RedisServer) -> None:
    """Also of what one script does not get through, until updates enter again."""
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("maxmemory", "6mb")
        inbox = Inbox(redis)
        with pytest.raises(InboxFull):
            await put_for_ever(inbox, 1)
        waiting = (await inbox.sizes())[1]
        assert await inbox.drop_waiting(1) == (waiting, 0)
        assert await inbox.put(2, [text(1)]) == 1
