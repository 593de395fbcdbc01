"""What the inbox takes, and what it keeps in Redis."""

import asyncio
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from fleet.inbox import Inbox, Outcome
from fleet.redis.keys import PREFIX
from fleet.shards.shard import key_of_shard
from fleet.tasks import beside
from tests.proofs.mail import DOCUMENTED_KEYS, KEYS_OF_AN_EMPTY_INBOX, text
from tests.proofs.replica import Clock, Desk, Replica, ids, name
from tests.waiting import until

BOT, OTHER_BOT = 1000001, 1000002
DAY = 24 * 3600


async def lists(redis: Redis, pattern: str) -> list[str]:
    return sorted([key.decode() async for key in redis.scan_iter(PREFIX + pattern)])


# Entered once


async def test_an_update_is_entered_once(redis: Redis, inbox: Inbox) -> None:
    assert await inbox.put(BOT, [text(1), text(1), text(2)]) == 2
    assert await inbox.put(BOT, [text(2), text(3)]) == 1
    assert await Inbox(redis, replica="another").put(BOT, [text(1), text(2), text(3)]) == 0
    assert await inbox.sizes() == {BOT: 3}


async def test_a_handled_update_is_not_entered_again(redis: Redis) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    assert await replica.inbox.put(BOT, [text(1)]) == 1
    assert await replica.run_all(BOT) == [1]
    assert await replica.inbox.put(BOT, [text(1)]) == 0
    assert await replica.run_all(BOT) == []


async def test_bots_have_ids_of_their_own(inbox: Inbox) -> None:
    assert await inbox.put(BOT, [text(1)]) == 1
    assert await inbox.put(OTHER_BOT, [text(1)]) == 1
    assert await inbox.sizes() == {BOT: 1, OTHER_BOT: 1}


@pytest.mark.parametrize("first", [0, 1, 2047, 2048, 10**9, 2**31 - 3, 2**31 + 5, 2**53 - 3])
async def test_any_id_is_recognised(redis: Redis, inbox: Inbox, first: int) -> None:
    updates = [text(n, user=n % 7 + 1) for n in range(first, first + 3)]
    assert await inbox.put(BOT, updates) == 3
    assert await inbox.put(BOT, updates) == 0
    replica = Replica(redis, "one", shards=64)
    for taken in await replica.look():
        for conversation in (await replica.mailboxes.read(taken.held, [BOT], 9))[BOT]:
            mailbox = key_of_shard(PREFIX, taken.held.shard, f"mail:{conversation}")
            found = await redis.execute_command("LINDEX", mailbox, 0)
            assert int(found.split()[0]) in range(first, first + 3)


async def test_ids_are_remembered_for_a_day_and_forgotten_before_they_begin_anew(
    redis: Redis, inbox: Inbox
) -> None:
    # Telegram offers an update for a day, and chooses the next id at random after a week without.
    await inbox.put(BOT, [text(2047), text(2048), text(70000)])
    await inbox.put(BOT, [text(70000)])
    seen = await lists(redis, "*:seen:*")
    assert len(seen) == 3
    for key in seen:
        assert DAY < await redis.ttl(key) < 7 * DAY
        await redis.pexpire(key, 1)

    async def is_gone() -> bool:
        return not await redis.exists(*seen)

    await until(is_gone, "the ids are forgotten")
    assert await inbox.put(BOT, [text(2048)]) == 1


# In order, as they came


async def test_a_conversation_keeps_its_order(redis: Redis) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    await replica.inbox.put(BOT, [text(5), text(3), text(4, user=8)])
    await Replica(redis, "two").inbox.put(BOT, [text(2), text(9)])
    seen = await replica.run_all(BOT)
    assert [n for n in seen if n != 4] == [5, 3, 2, 9]
    assert len(seen) == 5


async def test_an_update_arrives_as_telegram_sent_it(redis: Redis) -> None:
    update = {**text(1, "привет \U0001f600 \x00 \n"), "new": {"deep": [None, 1.5, 2**63, ""]}}
    replica = Replica(redis, "one")
    await replica.look()
    await replica.inbox.put(BOT, [update])
    [turn] = await replica.begin(name(BOT))
    assert orjson.loads(turn.update) == update
    assert (turn.bot_id, turn.update_id) == (BOT, 1)


async def test_turns_begin_with_their_entry_where_the_shard_is_held(redis: Redis) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    replica.inbox.desk = desk = Desk(replica, 2)
    await replica.inbox.put(BOT, [text(1), text(2), text(3, user=8), text(4, user=9)])
    assert ids(desk.begun) == [1, 3], "one of each conversation, as far as there are places"
    done = await replica.end(*desk.begun)
    assert done
    assert done.left == [1, 0], "an end counts: Redis knew that they had begun"


async def test_no_turn_begins_with_its_entry_where_another_holds_the_shard(
    redis: Redis, clock: Clock
) -> None:
    replica, other = Replica(redis, "one"), Replica(redis, "two")
    await replica.look()
    replica.inbox.desk = desk = Desk(replica, 2)
    await replica.holder.give([replica.held])
    replica.holder.leave_soon()
    await replica.holder.beat()
    await other.look()
    assert await replica.inbox.put(BOT, [text(1)]) == 1
    assert desk.begun == []
    assert await other.run_all(BOT) == [1]


async def test_a_holder_is_rung_for_many_bots_at_once(redis: Redis) -> None:
    holder, other = Replica(redis, "one", shards=8), Replica(redis, "two", shards=8)
    await holder.look()
    await asyncio.gather(*(other.inbox.put(bot, [text(1)]) for bot in range(1, 100)))

    async def has_been_rung() -> bool:
        bells[:] = await redis.execute_command("LRANGE", PREFIX + "bell:one", 0, -1)
        return len(set(b" ".join(bells).split())) == 8

    bells: list[bytes] = []
    await until(has_been_rung, "it is rung for all its shards")
    assert len(bells) < 50
    assert await holder.holder.wait(1) == set(range(8))


# What is told and what is kept


async def test_what_waits_and_when_the_last_one_came_are_told(redis: Redis, inbox: Inbox) -> None:
    assert (await inbox.sizes(), await inbox.last.read([BOT])) == ({}, {})
    assert await inbox.last.of(BOT) is None
    await inbox.put(BOT, [text(n, user=n) for n in range(1, 31)])
    await inbox.put(BOT, [text(1, user=1)])
    assert await inbox.sizes() == {BOT: 30}
    told, _ = await redis.time()
    last = await inbox.last.of(BOT)
    assert last is not None
    assert abs(last - told) < 60
    async with beside(inbox.last.tell()):
        await until(lambda: Inbox(redis).last.read([BOT]), "all can see it")
    assert await Inbox(redis).last.read([OTHER_BOT, BOT]) == {BOT: last}
    assert await Inbox(redis).last.of(BOT) == last


async def test_only_documented_keys_are_used_and_nothing_that_grows_is_left(redis: Redis) -> None:
    replica = Replica(redis, "one", shards=1, limit_per_user=5)
    await replica.look()
    for bot in (BOT, OTHER_BOT):
        await replica.inbox.put(bot, [text(n, user=n % 50 + 1) for n in range(1, 301)])
    turns = await replica.begin(*(await replica.waiting(BOT))[:40])
    await replica.end(*turns[:20], outcome=Outcome.BACK)
    await replica.end(*turns[20:30], outcome=Outcome.DEAD)
    await _all_are(redis, DOCUMENTED_KEYS)
    await replica.end(*turns[30:])
    await replica.run_all(BOT, OTHER_BOT)
    await replica.work()
    await _all_are(redis, KEYS_OF_AN_EMPTY_INBOX)
    assert await replica.inbox.sizes() == {}


async def _all_are(redis: Redis, documented: Any) -> None:
    of_shards = await lists(redis, "{*")
    assert of_shards
    of_inbox = [key for key in of_shards if not key.endswith(":shard")]
    assert [key for key in of_inbox if not documented.fullmatch(key)] == []


async def test_a_bot_that_rests_takes_little_memory(redis: Redis) -> None:
    replica = Replica(redis, "one")
    await replica.look()

    async def memory_with(bots: range) -> int:
        async def all_are_told() -> bool:
            return bool(await Inbox(redis).last.read(bots[-1:]))

        for bot in bots:
            await replica.inbox.put(bot, [text(10**9 + 4095)])
        assert len(await replica.run_all(*bots)) == len(bots)
        async with beside(replica.inbox.last.tell()):
            await until(all_are_told, "when they got their last update is written")
        await replica.work()
        return int((await redis.info("memory"))["used_memory"])

    before = await memory_with(range(1, 101))
    after = await memory_with(range(101, 601))
    assert (after - before) / 500 < 1024, "bytes for each"
