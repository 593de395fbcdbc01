"""How fast broadcasts go: at the pace of their bot, which all replicas and broadcasts share."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from fleet.broadcast import Broadcasts, text_message
from fleet.broadcast.pace import Lane, Pace
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.broadcasts import (
    MESSAGE,
    SHARDS,
    TEXT,
    USERS,
    acquaint,
    got,
    until_ended,
    until_over,
)
from tests.proofs.watch import new_bots


@pytest.fixture
def book(redis: Redis) -> Broadcasts:
    return Broadcasts(redis, SHARDS)


async def test_two_at_once_share_the_pace(
    start_service: StartService, sandbox: SandboxClient, book: Broadcasts
) -> None:
    [bot], token = await new_bots(sandbox)
    await acquaint(sandbox, bot, USERS[:60])
    await start_service(BOT_TOKENS=token, BULK_RATE="30")
    messages = [text_message("one"), text_message("two")]
    began = time.monotonic()
    one, two = [await book.send(bot, message, USERS[:60]) for message in messages]
    await until_ended(book, one)
    other = await book.get(two)
    assert other
    assert other.over > 40, "it has not waited for the first one"
    await until_ended(book, two)
    assert time.monotonic() - began > 3, "120 messages at 30 a second"
    for text in ("one", "two"):
        assert await got(sandbox, bot, text) == dict.fromkeys(USERS[:60], 1)


async def test_the_pace_is_one_for_all_replicas(redis: Redis) -> None:
    paces = [Pace(redis, 100) for _ in range(3)]
    times: list[float] = []
    stalled, looked_at = 0.0, time.monotonic()
    while len(times) < 300:
        for pace in paces:
            times += [time.monotonic()] * await pace.due(Lane(1), 10)
        await asyncio.sleep(0.002)
        # While nobody asks, places are lost: this is no fault of the pace.
        now = time.monotonic()
        stalled, looked_at = stalled + max(0.0, now - looked_at - 0.02), now
    took = times[-1] - times[0]
    assert 299 / took < 103
    assert 299 / (took - stalled) > 97
    assert await Pace(redis, 0).due(Lane(1), 50) == 50, "switched off"


async def test_who_asks_late_makes_up_for_it(redis: Redis) -> None:
    pace, rate = Pace(redis, 40), 40
    began = time.monotonic()
    count = await pace.due(Lane(1), 100)
    while (passed := time.monotonic() - began) < 3:
        await asyncio.sleep(0.2)
        count += await pace.due(Lane(1), 100)
        count += await pace.due(Lane(1), 100)  # of those that were reserved just now
    assert count == pytest.approx(passed * rate, rel=0.1)
    await asyncio.sleep(1.5)
    late = sum([await pace.due(Lane(1), 100) for _ in range(5)])
    assert late < rate, "a pause is not made up for"


async def test_one_that_pays_goes_faster_until_its_budget_is_spent(
    start_service: StartService, sandbox: SandboxClient, book: Broadcasts
) -> None:
    [bot], token = await new_bots(sandbox)
    await acquaint(sandbox, bot, USERS[:70])
    await start_service(BOT_TOKENS=token, BULK_RATE="1")
    slow = await book.send(bot, text_message("slow"), USERS[:70])
    name = await book.send(bot, MESSAGE, USERS[:70], paid=6)
    await until_over(book, name, 60)
    for one in (name, slow):
        assert await book.cancel(one)
        await until_ended(book, one)
    calls = await sandbox.calls(bot, "sendMessage")
    paid = [call for call in calls if call["params"].get("allow_paid_broadcast")]
    assert len(paid) == 60, "6 Stars"
    assert {call["params"]["text"] for call in paid} == {TEXT}
    assert len(await got(sandbox, bot, "slow")) < 30, "it has kept its pace"
