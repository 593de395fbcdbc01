"""DROP_PENDING_UPDATES drops what came while the fleet was down, and nothing else."""

import pytest
import redis.asyncio

from fleet.inbox import Inbox
from fleet.redis.keys import PREFIX
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.mail import text
from tests.proofs.watch import APP, get, new_bots, until_logged, until_started
from tests.waiting import until

DROP = {"DROP_PENDING_UPDATES": "true"}
DROPPED = "dropped what came before the start"


def settings(mode: str, tokens: str, redis_url: str) -> dict[str, str]:
    port = str(free_port())
    webhook = {"SECRET_KEY": "k" * 40, "WEBHOOK_URL": f"http://127.0.0.1:{port}"}
    return {
        "BOT_TOKENS": tokens,
        "REDIS_URL": redis_url,
        "HTTP_PORT": port,
        **(webhook if mode == "webhook" else {}),
    }


async def echoes(sandbox: SandboxClient, bot: int) -> list[str]:
    messages = await sandbox.messages(bot, 7)
    return [message["text"] for message in messages if message["from"]["is_bot"]]


async def until_echoed(sandbox: SandboxClient, bot: int, *texts: str) -> None:
    async def all_there() -> bool:
        return set(texts) <= set(await echoes(sandbox, bot))

    await until(all_there, f"the bot has echoed {texts}")


async def enter(redis_url: str, bot: int, *texts: str) -> None:
    """Let these wait in the inbox."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        updates = [text(900_000 + at, said) for at, said in enumerate(texts)]
        assert await Inbox(client).put(bot, updates) == len(texts)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_what_came_while_the_fleet_was_down_is_dropped(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, mode: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    given = settings(mode, tokens, clean_redis)
    service = await start_service(APP, **given)
    await sandbox.send(bot, "before")
    assert (await sandbox.reply(bot, 7))["text"] == "before"
    assert await service.stop() == 0
    await sandbox.send(bot, "at Telegram")
    await enter(clean_redis, bot, "in the inbox 1", "in the inbox 2")

    service = await start_service(APP, **given, **DROP)
    await until_logged(service, DROPPED)
    assert '"in_the_inbox":2' in service.log
    await sandbox.send(bot, "after")
    assert (await sandbox.reply(bot, 7))["text"] == "after"
    assert await echoes(sandbox, bot) == ["before", "after"]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_unless_it_is_wanted_it_is_kept(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, mode: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    await sandbox.send(bot, "at Telegram")
    await enter(clean_redis, bot, "in the inbox")
    await start_service(APP, **settings(mode, tokens, clean_redis))
    await until_echoed(sandbox, bot, "at Telegram", "in the inbox")


async def test_a_replica_that_starts_beside_another_drops_nothing(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    given = {"BOT_TOKENS": tokens, "REDIS_URL": clean_redis, **DROP}
    first = await start_service(APP, **given)
    await until_logged(first, DROPPED)
    await sandbox.send(bot, "wait go")
    await until_started(clean_redis, "wait go")
    await sandbox.send(bot, "behind it")
    second = await start_service(APP, **given)
    await second.stop()
    second = await start_service(APP, **given)
    await first.kill()  # a take-over, with a turn in hand and one that waits
    first = await start_service(APP, **given)
    async with redis.asyncio.Redis.from_url(clean_redis) as client:
        await client.set("go", 1)
    await until_echoed(sandbox, bot, "wait go", "behind it")
    assert DROPPED not in first.log + second.log


async def test_after_a_crash_the_turns_in_hand_are_dropped_too(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    given = {"BOT_TOKENS": tokens, "REDIS_URL": clean_redis, **DROP}
    crashed = await start_service(APP, **given)
    await until_logged(crashed, DROPPED)
    await sandbox.send(bot, "wait ever")
    await until_started(clean_redis, "wait ever")
    await sandbox.send(bot, "behind it")

    async def both_wait() -> bool:
        [info] = (await get(crashed))[1]["bots"]
        return bool(info["backlog"] == 2)

    await until(both_wait, "both are in the inbox")
    await crashed.kill()
    async with redis.asyncio.Redis.from_url(clean_redis) as client:
        await let_an_hour_pass(client)
        service = await start_service(APP, **given)
        await until_logged(service, DROPPED)
        assert '"in_the_inbox":2' in service.log
        await sandbox.send(bot, "after")
        assert (await sandbox.reply(bot, 7))["text"] == "after"

        async def none_waits() -> bool:
            return not await Inbox(client).sizes()

        await until(none_waits, "the count of what waits is right")
    assert await echoes(sandbox, bot) == ["after"]


async def let_an_hour_pass(client: redis.asyncio.Redis) -> None:
    """Age the beats of the replicas, all of which are dead."""
    seconds, _ = await client.time()
    for replica in await client.execute_command("HKEYS", f"{PREFIX}replicas"):
        beat = f"{seconds - 3600} 1 here"
        await client.execute_command("HSET", f"{PREFIX}replicas", replica, beat)


async def test_a_paused_bot_keeps_what_waits_for_it(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    await sandbox.send(bot, "at Telegram")
    await enter(clean_redis, bot, "in the inbox")
    async with redis.asyncio.Redis.from_url(clean_redis) as client:
        await client.execute_command("SADD", f"{PREFIX}paused", bot)
        service = await start_service(APP, BOT_TOKENS=tokens, REDIS_URL=clean_redis, **DROP)
        await client.execute_command("SREM", f"{PREFIX}paused", bot)
        await client.incr(f"{PREFIX}version")
    await until_echoed(sandbox, bot, "at Telegram", "in the inbox")
    assert DROPPED not in service.log
