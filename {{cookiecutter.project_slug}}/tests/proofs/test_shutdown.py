"""Guarantee 5: SIGTERM is graceful. Each replica runs in Python's development mode, which shows
what is left open."""

import signal
import time
from pathlib import Path

import pytest
import redis

from fleet.redis.keys import PREFIX
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.mail import holders, keys_of_shards
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import (
    APP,
    Json,
    complaints,
    get,
    let_go,
    new_bots,
    turns,
    until_logged,
    until_started,
    until_unready,
)
from tests.waiting import until

DEVELOPMENT = {"PYTHONDEVMODE": "1"}
GRACE = 20.0
"""Seconds: less than the `stop_grace_period` of compose.yaml."""
SOONER = 12.0
"""Seconds: one that died would not be missed so soon. Handing turns back takes two."""


async def bot_state(sandbox: SandboxClient, bot: int) -> Json:
    return next(state for state in await sandbox.bots() if state["id"] == bot)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_turns_in_flight_finish_and_nothing_else_is_taken(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, number: signal.Signals
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=token, DRAIN_TIMEOUT="100", **DEVELOPMENT)
    users, work = range(1, 21), "wait go-on"
    last = [await sandbox.send(bot, work, user_id=user) for user in users][-1]
    await until_started(clean_redis, work, len(users))

    service.signal(number)
    await until_unready(service)
    assert (await get(service, "/health/live"))[0] == 200
    assert (await get(service))[1]["turns_in_flight"] == len(users)

    async def confirmed() -> bool:
        state = await bot_state(sandbox, bot)
        return (state["pending"], state["confirmed"], state["polls"]) == (0, last, 0)

    await until(confirmed, "the last update is confirmed and nobody polls")
    await sandbox.send(bot, "late", user_id=1)

    let_go(clean_redis)
    assert await service.wait(within=SOONER) == 0
    assert not complaints(service.log), service.log
    for user in users:
        chat = [message["text"] for message in await sandbox.messages(bot, user)]
        assert chat == ([work, "late", work] if user == 1 else [work, work])
    state = await bot_state(sandbox, bot)
    assert (state["pending"], state["confirmed"]) == (1, last), "the late one stays with Telegram"
    with redis.Redis.from_url(clean_redis) as client:
        assert not keys_of_shards(client, "waiting", "begun", "tries")
        assert not client.exists(f"{PREFIX}replicas")
        assert not holders(client), "it gave all back"


async def test_turns_longer_than_the_drain_continue_elsewhere_at_once(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": token, "DRAIN_TIMEOUT": "1", **DEVELOPMENT}
    first = await start_service(APP, **settings)
    works = {1: "wait go-on", 2: "insist go-on"}
    for user, work in works.items():
        await sandbox.send(bot, work, user_id=user)
        await sandbox.send(bot, "next", user_id=user)
    for work in works.values():
        assert [entry["process"] for entry in await until_started(clean_redis, work)] == [first.pid]
    second = await start_service(APP, **settings)

    told_at = time.time()
    first.signal(signal.SIGTERM)
    for work in works.values():
        again = (await until_started(clean_redis, work, 2))[-1]
        assert again["process"] == second.pid
        assert again["at"] - told_at < SOONER
    # A handler that will not be cancelled must not hold the process up: its turn is elsewhere.
    assert await first.wait() == 0
    assert time.time() - told_at < SOONER
    assert not complaints(first.log), first.log

    let_go(clean_redis)
    for user, work in works.items():
        answers = [(await sandbox.reply(bot, user))["text"] for _ in range(2)]
        assert answers == [work, "next"]
    assert await second.stop() == 0
    ended = turns(clean_redis).noted("end")
    assert {entry["process"] for entry in ended} == {second.pid}
    assert len(ended) == 4
    with redis.Redis.from_url(clean_redis) as client:
        assert not keys_of_shards(client, "tries", "dead"), "a stop is no attempt that failed"


async def test_a_second_signal_ends_the_process_at_once(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=token, **DEVELOPMENT)
    await sandbox.send(bot, "stubborn 60")
    await until_started(clean_redis, "stubborn 60")
    service.signal(signal.SIGTERM)
    await until_unready(service)
    service.signal(signal.SIGINT)
    assert await service.wait(within=SOONER) == 128 + signal.SIGINT
    assert "second signal" in service.log


async def test_a_task_that_calls_sys_exit_ends_nothing(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=token)
    for text in ("exit-later 0.1", "exit-later 0.2", "still here"):
        await sandbox.send(bot, text)
        assert (await sandbox.reply(bot, 7))["text"] == text
    assert service.log.count("a task beside the turns wants to end the process") == 2
    assert "SystemExit: 3" in service.log
    assert await service.stop() == 0
    assert "stopped" in service.log


async def test_a_stop_does_not_wait_for_a_redis_that_hangs(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    """Neither at start, before Redis ever answered, nor at work."""
    server = RedisServer(tmp_path)
    bots, tokens = await new_bots(sandbox, 1)
    settings = {"BOT_TOKENS": tokens, "DRAIN_TIMEOUT": "2", **DEVELOPMENT}
    refused = await start_service(
        APP, wait=False, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0", **settings
    )
    try:
        server.start()
        working = await start_service(APP, REDIS_URL=server.url, **settings)
        await sandbox.send(bots[0], "sleep 1")
        await until_started(server.url, "sleep 1")
        server.pause()
        waiting = await start_service(APP, wait=False, REDIS_URL=server.url, **settings)
        for service in (refused, waiting):
            await until_logged(service, "waiting for Redis")
        for service in (refused, working, waiting):
            service.signal(signal.SIGTERM)
        assert await refused.wait(within=GRACE) == 0
        assert await working.wait(within=GRACE) == 0
        assert await waiting.wait(within=GRACE) == 0
    finally:
        server.kill()
    for service in (refused, working, waiting):
        assert not complaints(service.log), service.log
