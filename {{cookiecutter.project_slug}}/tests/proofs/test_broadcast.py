"""A broadcast reaches each chat once, whoever dies: guarantee 13."""

import asyncio
import os
import random
from pathlib import Path

import pytest
from redis.asyncio import Redis

from fleet.broadcast import Audience, Broadcasts, BroadcastState, text_message
from fleet.broadcast.broadcaster import AT_ONCE
from fleet.directory import Chats
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.broadcasts import (
    MESSAGE,
    SHARDS,
    USERS,
    acquaint,
    got,
    until_ended,
    until_over,
    until_sending,
)
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import new_bots
from tests.waiting import until

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture
def book(redis: Redis) -> Broadcasts:
    return Broadcasts(redis, SHARDS)


async def test_each_chat_gets_it_once_whoever_is_killed(
    start_service: StartService, sandbox: SandboxClient, book: Broadcasts, redis: Redis
) -> None:
    print(f"CHAOS_SEED={SEED}")  # noqa: T201 - to repeat it
    dice = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    [bot], token = await new_bots(sandbox)

    async def start(*, wait: bool = False) -> Process:
        return await start_service(wait=wait, BOT_TOKENS=token, BULK_RATE="60")

    await acquaint(sandbox, bot)
    replicas = [await start(wait=True) for _ in range(2)]
    # No audience of the directory: that has them all only when all turns were taken.
    name = await book.send(bot, MESSAGE, USERS)
    for hangs in (False, True):
        found = await book.get(name)
        await until_over(book, name, (found.over if found else 0) + dice.randrange(10, 60))
        if hangs:  # so that some are on their way for certain; the older one has shards
            await sandbox.fault("hang", bot, "sendMessage")
            await until_sending(redis, name, replicas[0])
        await replicas.pop(0 if hangs else dice.randrange(2)).kill()
        await sandbox.clear_faults()
        replicas.append(await start())
    result = await until_ended(book, name)
    print(result)  # noqa: T201
    times = await got(sandbox, bot)
    assert set(times.values()) == {1}, "no chat got it twice"
    assert result.state is BroadcastState.DONE
    assert result.total == len(USERS)
    assert result.sent + result.uncertain == result.total
    assert (result.blocked, result.failed) == (0, 0)
    uncertain = await book.uncertain(name)
    assert 0 < len(uncertain) == result.uncertain <= 2 * AT_ONCE, "those that were on their way"
    assert times.keys() | set(uncertain) == set(USERS), "and of all others it is known"
    assert len(times.keys() - set(uncertain)) == result.sent


async def test_a_replica_that_is_stopped_leaves_nothing_uncertain(
    start_service: StartService, sandbox: SandboxClient, book: Broadcasts
) -> None:
    [bot], token = await new_bots(sandbox)
    await acquaint(sandbox, bot, USERS[:120])
    first, _ = [await start_service(BOT_TOKENS=token, BULK_RATE="30") for _ in range(2)]
    name = await book.send(bot, MESSAGE, USERS[:120])
    await until_over(book, name, 20)
    assert await first.stop() == 0
    result = await until_ended(book, name)
    assert (result.sent, result.uncertain) == (120, 0)
    assert await got(sandbox, bot) == dict.fromkeys(USERS[:120], 1)


async def test_redis_is_killed_and_telegram_is_away(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    [bot], token = await new_bots(sandbox)
    users = USERS[:150]
    await acquaint(sandbox, bot, users)
    server = RedisServer(tmp_path)
    server.start()
    try:
        await start_service(BOT_TOKENS=token, BULK_RATE="50", REDIS_URL=server.url)
        async with Redis.from_url(server.url) as redis:
            book = Broadcasts(redis, SHARDS)
            name = await book.send(bot, MESSAGE, users)
            await until_over(book, name, 20)
        server.kill()
        server.start()
        async with Redis.from_url(server.url) as redis:
            book = Broadcasts(redis, SHARDS)
            await until_over(book, name, 60)
            await sandbox.fault("502", bot)  # all of its calls

            async def suspected() -> bool:
                return bool((now := await book.get(name)) and now.uncertain)

            await until(suspected, "nobody knows what came of some")
            await sandbox.clear_faults()
            result = await until_ended(book, name)
            assert (result.sent + result.uncertain, result.total) == (150, 150)
            assert result.uncertain <= AT_ONCE, "then it has waited"
            times = await got(sandbox, bot)
            assert set(times.values()) == {1}
            assert times.keys() | set(await book.uncertain(name)) == set(users)
    finally:
        server.stop()


async def test_refusals_are_counted_by_reason_and_what_can_be_mended_is(
    start_service: StartService, sandbox: SandboxClient, book: Broadcasts, redis: Redis
) -> None:
    [bot], token = await new_bots(sandbox)
    users = range(801, 807)  # of no other test: one deletes the account
    blocked, gone, bad, flooded, *_ = users
    await acquaint(sandbox, bot, users)
    await start_service(BOT_TOKENS=token)
    await sandbox.calls(bot, "sendMessage", at_least=len(users))  # their turns are over
    group = (
        await sandbox.ask(
            "create_group", title="Hikers", user_ids=[7], bot_ids=[bot], supergroup=False
        )
    )["id"]
    chats = Chats(redis, SHARDS)

    async def all_known() -> bool:
        return (await chats.count(bot)).total == len(users) + 1

    await until(all_known, "the directory has all chats")
    await sandbox.ask("block", bot_id=bot, user_id=blocked, blocked=True)
    await sandbox.ask("deactivate", user_id=gone)
    new_group = (await sandbox.ask("migrate", chat_id=group))["id"]
    await sandbox.fault("400", bot, "sendMessage", chat_id=bad, text="Bad Request: no way")
    await sandbox.fault("429", bot, "sendMessage", chat_id=flooded, times=2, retry_after=1)

    name = await book.send(bot, MESSAGE, [*users, group])
    result = await until_ended(book, name)
    assert (result.total, result.sent, result.uncertain) == (7, 4, 0)
    assert (result.blocked, result.failed) == (2, 1)
    assert result.reasons == {
        "Forbidden: bot was blocked by the user": 1,
        "Forbidden: user is deactivated": 1,
        "Bad Request: no way": 1,
    }
    assert await got(sandbox, bot) == dict.fromkeys([*users[3:], new_group], 1)

    async def reachable() -> set[int]:
        return {chat.id async for chat in chats.all(bot) if not chat.unreachable}

    async def noted() -> bool:
        return await reachable() == {*users[2:], new_group}

    await until(noted, "the directory knows who is not reachable")
    assert await book.count(bot, Audience()) == 5
    assert await book.count(bot, Audience.read("private")) == 4
    assert await book.count(bot, Audience.read("groups,active=1d")) == 1
    assert await book.count(bot, Audience.read("channels")) == 0
    name = await book.send(bot, text_message("Again"), Audience.read("groups"))
    assert (await until_ended(book, name)).sent == 1
    assert await got(sandbox, bot, "Again") == {new_group: 1}


async def test_it_is_paused_resumed_and_cancelled(
    start_service: StartService, sandbox: SandboxClient, book: Broadcasts
) -> None:
    [bot], token = await new_bots(sandbox)
    await acquaint(sandbox, bot, USERS[:100])
    await start_service(BOT_TOKENS=token, BULK_RATE="20")
    name = await book.send(bot, MESSAGE, USERS[:100], key="one and the same")
    assert await book.send(bot, MESSAGE, USERS[:100], key="one and the same") == name
    await until_over(book, name, 5)
    assert await book.pause(name)
    await asyncio.sleep(1.5)  # within which replicas hear of it
    paused = await book.get(name)
    await asyncio.sleep(1)
    assert await book.get(name) == paused
    assert paused
    assert paused.state is BroadcastState.PAUSED
    assert await book.resume(name)
    await until_over(book, name, paused.over + 5)
    assert await book.cancel(name)
    result = await until_ended(book, name)
    assert result.state is BroadcastState.CANCELLED
    assert result.sent < 100
    assert not await book.cancel(name)
    assert not await book.resume(name)

    async def as_many_as_came() -> bool:
        found = await book.get(name)
        return bool(found and found.sent == len(await got(sandbox, bot)) and not found.uncertain)

    await until(as_many_as_came, "what was on its way is counted")
    assert [one.id for one in await book.all()] == [name]
