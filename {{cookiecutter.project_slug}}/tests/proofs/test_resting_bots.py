"""Bots that rest, with mail, cost the others nothing: neither Redis' time nor room in the inbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.inbox import Inbox
from fleet.inbox.inbox import LITTLE
from fleet.inbox.mailboxes import Mailboxes
from fleet.overlay import Overlay
from fleet.redis.keys import PREFIX
from fleet.shards.holder import Holder
from fleet.worker import Worker
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import until_answered
from tests.proofs.mail import text
from tests.proofs.watch import APP, bots_of, get, let_go, new_bots, until_started
from tests.waiting import until

RESTING = range(1, 2001)
BUSY = 5000
UPDATES = 200
SHARDS = 16


class Handled:
    """Takes turns, and says how many it has had."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = asyncio.Event()

    async def take(self, *_: object, **__: object) -> None:
        self.count += 1
        self.changed.set()

    async def until(self, number: int) -> None:
        while self.count < number:
            self.changed.clear()
            await self.changed.wait()


@asynccontextmanager
async def working(redis: Redis) -> AsyncIterator[tuple[Inbox, Handled]]:
    """Have a replica for which only one bot works."""
    handled, inbox = Handled(), Inbox(redis, replica="one", shards=SHARDS)
    holder, mailboxes = Holder(redis, "one", SHARDS), Mailboxes(redis, "one")

    def member(bot: int) -> Member | None:
        return object() if bot == BUSY else None  # type: ignore[return-value]  # any will do

    worker = inbox.desk = Worker(holder, mailboxes, member, handled.take, lambda: Overlay(redis))
    running = asyncio.create_task(worker.run())

    async def holds_all() -> bool:
        return len(holder.held) == SHARDS

    await until(holds_all, "it holds all shards")
    yield inbox, handled
    await worker.drain(5)
    await running


async def commands(redis: Redis) -> int:
    """Tell how many commands Redis has run, those in scripts included."""
    stats = await redis.info("commandstats")
    return sum(of_one["calls"] for of_one in stats.values())


async def cost(redis: Redis) -> float:
    """Tell how many commands an update costs, of those that come one by one."""
    async with working(redis) as (inbox, handled):
        await inbox.put(BUSY, [text(1)])
        await handled.until(1)
        before = await commands(redis)
        for number in range(2, UPDATES + 2):
            await inbox.put(BUSY, [text(number, user=number % 50 + 1)])
            await handled.until(number)
        return (await commands(redis) - before) / UPDATES


async def test_thousands_of_resting_bots_with_mail_cost_the_others_nothing(redis: Redis) -> None:
    alone = await cost(redis)
    await redis.flushdb()
    inbox = Inbox(redis, shards=SHARDS)
    for bot in RESTING:
        await inbox.put(bot, [text(n, user=n) for n in (1, 2)])
    beside = await cost(redis)
    print(f"{alone:.1f} commands alone, {beside:.1f} beside {len(RESTING)} that rest")  # noqa: T201
    # Before shards, each exchange looked at each of them.
    assert beside < 2 * alone
    assert (await inbox.sizes()).keys() == set(RESTING)


async def test_resting_bots_do_not_keep_others_out(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    limit, of_bot = 1000, 250
    bots, tokens = await new_bots(sandbox, 6)
    *resting, working_bot = bots
    await redis.execute_command("SADD", f"{PREFIX}paused", *resting)
    inbox = Inbox(redis, limit=10 * limit, limit_per_bot=of_bot)
    for bot in resting:
        await inbox.put(bot, [text(n, user=n) for n in range(of_bot)])
    assert sum((await inbox.sizes()).values()) > limit
    settings = {"INBOX_LIMIT": str(limit), "INBOX_LIMIT_PER_BOT": str(of_bot)}
    service = await start_service(APP, BOT_TOKENS=tokens, **settings)
    for user in range(1, 2 * LITTLE, 10):
        await sandbox.send(working_bot, "hello", user_id=user)
        await until_answered(sandbox, working_bot, user, ["hello"])

    async def told() -> bool:
        states = {bot["id"]: bot["state"] for bot in (await get(service))[1]["bots"]}
        return states == {**dict.fromkeys(resting, "paused"), working_bot: "running"}

    await until(told, "all states are told")


async def test_one_users_flood_is_bounded_and_harms_no_other(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    limit = 10
    settings = {"USER_LIMIT": str(limit), "INBOX_LIMIT_PER_BOT": "50"}
    services = [await start_service(APP, BOT_TOKENS=tokens, **settings) for _ in range(2)]
    await sandbox.send(bot, "wait go-on", user_id=1)
    await until_started(clean_redis, "wait go-on")
    flood = [f"flood {n}" for n in range(100)]
    for words in flood:
        await sandbox.send(bot, words, user_id=1)
    # Told at once, by the turn of the first that was left out.
    await until_answered(sandbox, bot, 1, ["patience"])

    async def dropped() -> int:
        return int((await bots_of(services[0]))[bot]["dropped"])

    async def all_came() -> bool:
        return await dropped() == 1 + len(flood) - limit

    await until(all_came, "all but the first are dropped and counted", moving=dropped)
    assert (await bots_of(services[0]))[bot]["backlog"] == limit
    await sandbox.send(bot, "hello", user_id=2)
    await until_answered(sandbox, bot, 2, ["hello"])
    let_go(clean_redis)
    await until_answered(sandbox, bot, 1, ["patience", "wait go-on", *flood[: limit - 1]])
    assert any("USER_LIMIT" in service.log for service in services), "of whoever polls the bot"
