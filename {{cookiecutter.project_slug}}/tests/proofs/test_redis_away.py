"""Guarantee 6: Redis away, and nothing lost. The Redis here keeps its data, as compose.yaml's."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.mail import keys_of_shards
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import (
    APP,
    Turns,
    Users,
    complaints,
    cpu_seconds,
    get,
    new_bots,
    until_logged,
    until_started,
)
from tests.serving import accepting
from tests.waiting import Clock, until

BUSY = 0.2
"""CPU seconds a second that no replica may use while Redis is away; a busy loop uses 1."""
PROBE = 4.0
"""Seconds within which a replica tells how it is, while it asks Redis in vain for two."""

HANG_UPS = 100
"""So many that some come just when the replica sends."""


async def until_down(replicas: list[Process]) -> None:
    """Wait until every replica says that Redis is down, and each bot's poller that it waits."""

    async def down() -> bool:
        answers = await asyncio.gather(*(get(replica) for replica in replicas))
        states: dict[int, set[str]] = {}
        for status, body in answers:
            if (status, body["redis"], body["ready"]) != (503, "down", False):
                return False
            for bot in body["bots"]:
                states.setdefault(bot["id"], set()).add(bot["state"])
        return all("backing-off" in seen for seen in states.values())

    await until(down, "/health shows that Redis is down and pollers wait")


async def until_up(replicas: list[Process]) -> None:
    async def up() -> bool:
        answers = await asyncio.gather(*(get(replica) for replica in replicas))
        states = {bot["state"] for _, body in answers for bot in body["bots"]}
        return {status for status, _ in answers} == {200} and states == {"running"}

    await until(up, "every replica is ready and every bot runs")


async def confirmed(sandbox: SandboxClient, bots: list[int]) -> dict[int, Any]:
    return {bot["id"]: bot["confirmed"] for bot in await sandbox.bots() if bot["id"] in bots}


async def watch_idle(replicas: list[Process], seconds: float) -> None:
    """Let Redis be away for so long; fail if a replica is busy meanwhile, or hides how it is."""
    before, began = [cpu_seconds(replica) for replica in replicas], time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - began
    rates = [
        (cpu_seconds(replica) - old) / passed for replica, old in zip(replicas, before, strict=True)
    ]
    assert max(rates) < BUSY, rates
    for replica in replicas:
        clock = Clock()
        status, body = await get(replica)
        assert (status, body["redis"]) == (503, "down")
        assert clock.read() < PROBE
        assert (await get(replica, "/health/live"))[0] == 200


async def test_redis_restarted_killed_and_paused_under_load(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer
) -> None:
    bots, tokens = await new_bots(sandbox, 2)
    replicas = list(
        await asyncio.gather(
            *(start_service(APP, BOT_TOKENS=tokens, REDIS_URL=server.url) for _ in range(2))
        )
    )
    await until_up(replicas)
    users = Users(sandbox, bots)

    async def outage(away: Callable[[], None], back: Callable[[], None], seconds: float) -> None:
        work = f"sleep {2 + len(users.sent) / 10_000}"
        for bot in bots:
            await users.say(bot, 100 + len(users.sent), work)
        await until_started(server.url, work, len(bots))
        await asyncio.to_thread(away)
        await until_down(replicas)
        told = await confirmed(sandbox, bots)
        await watch_idle(replicas, seconds)
        assert await confirmed(sandbox, bots) == told, "what Redis cannot take stays with Telegram"
        await asyncio.to_thread(back)
        await until_up(replicas)
        for bot in bots:
            newcomer = 200 + len(users.sent)
            await users.say(bot, newcomer, "hello again")
            await sandbox.reply(bot, newcomer)

    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(users.write_until(over))
        try:
            await outage(server.stop, server.start, 3)
            await outage(server.kill, server.start, 3)
            await outage(server.pause, server.resume, 18)
        finally:
            over.set()
    await users.until_answered()
    for replica in replicas:
        assert await replica.stop() == 0
        assert not complaints(replica.log), replica.log

    with server.client() as client:
        seen = Turns(client)
        assert not keys_of_shards(client, "waiting", "dead", "tries")
    assert not seen.overlaps()
    ended = {(entry["bot"], entry["user"], entry["text"]) for entry in seen.noted("end")}
    assert ended == {(*chat, text) for chat, texts in users.sent.items() for text in texts}
    assert {entry["process"] for entry in seen.entries} == {replica.pid for replica in replicas}


async def test_redis_comes_after_the_service_and_its_password_changes(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    """One replica knows the password from its environment, the other from a file."""
    server = RedisServer(tmp_path, password="first")
    file = tmp_path / "password"
    file.write_text("first\n")
    [bot], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": token, "REDIS_URL": server.url}
    fixed = await start_service(APP, wait=False, REDIS_PASSWORD="first", **settings)
    reading = await start_service(APP, wait=False, REDIS_PASSWORD_FILE=str(file), **settings)
    replicas = [fixed, reading]

    def change_password(password: str) -> None:
        with server.client() as client:
            client.config_set("requirepass", password)
            server.password = password
            client.client_kill_filter(_type="normal", skipme=True)

    try:
        for replica in replicas:
            await until_logged(replica, "waiting for Redis")
            assert (await get(replica))[1]["redis"] == "down"
        await watch_idle(replicas, 2)
        server.start()
        await until_up(replicas)
        await said(sandbox, fixed, bot, "first")

        file.unlink()  # as when it is replaced
        change_password("second")
        await sandbox.send(bot, "while nobody knows")
        await until_down(replicas)
        await watch_idle(replicas, 2)
        file.write_text("second\n")
        await until_ready(reading)
        assert (await get(fixed))[0] == 503

        change_password("first")
        file.write_text("first\n")
        await until_up(replicas)
        reply = await sandbox.reply(bot, 7)
        assert reply["text"] == "while nobody knows"
        await said(sandbox, fixed, bot, "again")
        for replica in replicas:
            assert await replica.stop() == 0
            assert not complaints(replica.log), replica.log
            for password in ("first", "second"):
                assert password not in replica.log
    finally:
        server.kill()


async def until_ready(replica: Process) -> None:
    async def ready() -> bool:
        return (await get(replica, "/health/ready"))[0] == 200

    await until(ready, "the replica is ready")


async def said(sandbox: SandboxClient, replica: Process, bot: int, text: str) -> None:
    """Hear an echo, and wait until its turn is over: interrupted then, it would come twice."""
    await sandbox.send(bot, text)
    assert (await sandbox.reply(bot, 7))["text"] == text

    async def over() -> bool:
        return {info["backlog"] for info in (await get(replica))[1]["bots"]} == {0}

    await until(over, "the turn is over")


async def test_who_accepts_connections_for_a_redis_that_is_away(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer
) -> None:
    """A load balancer without a server behind it, or docker's proxy: it hangs up at once."""
    [bot], token = await new_bots(sandbox)
    replica = await start_service(APP, BOT_TOKENS=token, REDIS_URL=server.url)
    await said(sandbox, replica, bot, "before")
    server.stop()
    accepted = 0

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        # Not even an end in order.
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    balancer = await asyncio.start_server(hang_up, "127.0.0.1", server.port)

    async def asked_often() -> bool:
        return accepted >= HANG_UPS

    async with accepting(balancer):
        await until_down([replica])
        await until(asked_often, "it was asked often", moving=lambda: asyncio.sleep(0, accepted))
        await sandbox.send(bot, "meanwhile")
        await watch_idle([replica], 2)
    server.start()
    await until_up([replica])
    assert (await sandbox.reply(bot, 7))["text"] == "meanwhile"
    assert await replica.stop() == 0
    assert not complaints(replica.log), replica.log
