"""The pace of chats, beside a Telegram that refuses whoever is faster."""

import orjson
import pytest
from redis.asyncio import Redis

from fleet.telegram.pace import Pace, Rates
from fleet.telegram.sharedpace import RedisPace
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers
from tests.proofs.watch import APP, new_bots
from tests.waiting import until

RATES = Rates(chat=5, burst=5, group=8)


class Holds:
    """Stands for the shards of a replica which has none: what the pace asks of them."""

    held: dict[int, object]

    def __init__(self, *, beats: bool = True) -> None:
        self.held, self.shards, self.beats_now = {}, 64, beats


@pytest.mark.parametrize("chat", ["7", "-7", "@group"])
async def test_what_is_shared_has_the_same_pace(redis: Redis, chat: str) -> None:
    rates = Rates(chat=5, burst=5, group=8)
    one, two = (Pace(rates) for _ in range(2))
    alone = Pace(rates)
    for pace in (one, two):
        pace.shared = RedisPace(redis, rates, Holds())  # type: ignore[arg-type]
    for number in range(12):
        pace = (one, two)[number % 2]
        count, spare = 1 + number % 2, number % 3
        expected = await alone.take(1, chat, count, spare)
        assert await pace.take(1, chat, count, spare) == pytest.approx(expected, abs=0.2)
        if expected:
            break
    else:
        pytest.fail("all went at once")
    assert await redis.pttl(f"fleet:pace:1:{chat}") > 0, "it is forgotten by itself"


@pytest.mark.parametrize("rates", [Rates(chat=1, burst=5, group=0), Rates(0, 5, group=20)])
async def test_when_the_clock_of_redis_is_set_back_nobody_waits_for_it(
    redis: Redis, rates: Rates
) -> None:
    pace = Pace(rates)
    pace.shared = RedisPace(redis, rates, Holds())  # type: ignore[arg-type]
    while not await pace.take(1, "-7", 1):
        pass
    later = [one and one + 600_000 for one in orjson.loads(await redis.get("fleet:pace:1:-7"))]
    await redis.set("fleet:pace:1:-7", orjson.dumps(later))
    assert await pace.take(1, "-7", 1) == 0


async def test_while_redis_is_away_each_replica_has_a_pace_of_its_own(redis: Redis) -> None:
    rates = Rates(chat=1, burst=1, group=0)
    gone = Redis(port=1)
    for client, beats in ((redis, False), (gone, True)):
        pace = Pace(rates, clock=lambda: 1.0)
        pace.shared = RedisPace(client, rates, Holds(beats=beats))  # type: ignore[arg-type]
        assert await pace.take(1, "7", 1) == 0
        assert await pace.take(1, "7", 1) > 0
    assert not await redis.keys()


async def test_nobody_is_refused_however_much_is_said_and_all_of_it_is_said(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    """By two replicas, to their own chats, in a group, and to a chat to which all write."""
    log, group, writers, talkers = 999, -7001, range(1, 51), range(1, 4)
    [bot], token = await new_bots(sandbox)
    settings = {"CHAT_RATE": "4", "CHAT_BURST": "5", "GROUP_RATE": "20"}
    for _ in range(2):
        await start_service(APP, BOT_TOKENS=token, **settings)
    await sandbox.send(bot, "hello", user_id=log)
    # A burst with air in it: what was let go at its time may arrive together.
    await sandbox.limits(on=True, chat=4, burst=25, group=20, bulk=1000)
    try:
        for user in writers:
            await sandbox.send(bot, f"tell {log}", user_id=user)
        for user in talkers:
            await sandbox.send(bot, "lines 40", user_id=user)
            await sandbox.send(bot, "lines 3", user_id=user, chat_id=group)

        async def said() -> int:
            calls = await sandbox.calls(bot, "sendMessage")
            return sum(call["status"] == 200 for call in calls)

        async def all_said() -> bool:
            return await said() >= 1 + len(writers) * 2 + len(talkers) * (40 + 3)

        await until(all_said, "all is said", moving=said)
        assert not [one for one in await sandbox.calls(bot, "sendMessage") if one["status"] == 429]
        for user in talkers:
            lines = [one for one in await answers(sandbox, bot, user) if one.startswith("line ")]
            assert lines == [f"line {number}" for number in range(1, 41)]
        assert len(await answers(sandbox, bot, group)) == 3 * len(talkers)
        assert len(await answers(sandbox, bot, log)) == 1 + len(writers)
    finally:
        await sandbox.limits(on=False)
