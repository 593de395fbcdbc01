"""The inbox alone, on a real Redis: what it accepts, gives, takes back and leaves behind."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.inbox import DeadLetter, EndedTurn, Inbox, InboxFull, Outcome, Turn
from fleet.redis.keys import PREFIX
from tests.proofs.mail import KEYS_OF_AN_EMPTY_INBOX, text
from tests.proofs.redis_server import RedisServer
from tests.waiting import until

BOT, OTHER_BOT = 1000001, 1000002
DAY = 24 * 3600
BEAT, DEAD_AFTER = 0.1, 0.5
"""Seconds. Thirty times as fast as in the service."""


@pytest_asyncio.fixture
async def redis(clean_redis: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(clean_redis) as client:
        yield client


async def new_inbox(redis: Redis, **settings: Any) -> Inbox:
    """Make the inbox of a replica that is known."""
    inbox = Inbox(redis, beat_interval=BEAT, dead_after=DEAD_AFTER, **settings)
    assert not await inbox.beat()
    return inbox


@pytest_asyncio.fixture
async def inbox(redis: Redis) -> Inbox:
    return await new_inbox(redis)


def ids(turns: Iterable[Turn]) -> list[int]:
    return [orjson.loads(turn.update)["update_id"] for turn in turns]


def ended(turns: Iterable[Turn], outcome: Outcome = Outcome.DONE) -> list[EndedTurn]:
    return [EndedTurn(turn, outcome) for turn in turns]


async def put_for_ever(inbox: Inbox) -> None:
    for n in itertools.count(1):
        await inbox.put(BOT, [text(n, "x" * 10_000, user=n)])


async def letters(inbox: Inbox) -> list[DeadLetter]:
    return [letter async for letter in inbox.dead_letters()]


async def take_over(heir: Inbox, dead: Inbox) -> None:
    """Let `heir` beat, and `dead` not, until the turns of `dead` are given to others."""

    async def gone() -> bool:
        await heir.beat()
        return dead.replica not in await members(heir)

    await until(gone, "the dead replica is noticed")


async def members(inbox: Inbox) -> set[str]:
    found = await inbox._redis.zrange(f"{PREFIX}replicas", 0, -1)
    return {name.decode() for name in found}


# Turns


async def test_a_conversation_has_one_turn_at_a_time_in_order(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1), text(2), text(3)])
    seen = []
    turns = await inbox.exchange(wanted=10)
    while turns:
        assert len(turns) == 1
        assert await inbox.exchange(wanted=10) == []
        seen += ids(turns)
        turns = await inbox.exchange(ended(turns), wanted=10)
    assert seen == [1, 2, 3]


async def test_conversations_do_not_wait_for_each_other(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1, user=7), text(2, user=7), text(3, user=8), text(4, user=9)])
    turns = await inbox.exchange(wanted=10)
    assert sorted(ids(turns)) == [1, 3, 4]
    assert ids(await inbox.exchange(ended(turns[:1]), wanted=10)) == [2]


async def test_an_update_that_comes_back_keeps_its_place(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1), text(2)])
    for _ in range(3):
        turns = await inbox.exchange(wanted=1)
        assert ids(turns) == [1]
        await inbox.exchange(ended(turns, Outcome.BACK), wanted=0)
    assert ids(await inbox.exchange(ended(await inbox.exchange(wanted=1)), wanted=1)) == [2]


async def test_an_update_arrives_as_telegram_sent_it(inbox: Inbox) -> None:
    update = {**text(1, "привет \U0001f600 \x00 \u2028"), "new": {"deep": [None, 1.5, 2**63, ""]}}
    await inbox.put(BOT, [update])
    [turn] = await inbox.exchange(wanted=1)
    assert orjson.loads(turn.update) == update
    assert turn.bot_id == BOT


async def test_a_waiting_replica_is_woken(inbox: Inbox) -> None:
    waiting = asyncio.create_task(inbox.wait(60))
    started = time.monotonic()
    await inbox.put(BOT, [text(1)])
    await waiting
    assert time.monotonic() - started < 30


async def test_waiting_without_work_ends_by_itself(inbox: Inbox) -> None:
    await inbox.wait(0.05)


async def test_what_one_replica_cannot_take_wakes_another(redis: Redis) -> None:
    one, two = await new_inbox(redis), await new_inbox(redis)
    await one.put(BOT, [text(n, user=n) for n in range(1, 4)])
    await one.wait(5)
    assert len(await one.exchange(wanted=2)) == 2
    started = time.monotonic()
    await two.wait(60)
    assert time.monotonic() - started < 30
    assert len(await two.exchange(wanted=2)) == 1


# Entered once


async def test_an_update_is_entered_once(redis: Redis, inbox: Inbox) -> None:
    assert await inbox.put(BOT, [text(1), text(1), text(2)]) == 2
    assert await inbox.put(BOT, [text(2), text(3)]) == 1
    assert await (await new_inbox(redis)).put(BOT, [text(1), text(2), text(3)]) == 0
    assert ids(await inbox.exchange(wanted=9)) == [1]
    assert await inbox.sizes() == {BOT: 3}


async def test_a_handled_update_is_not_entered_again(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1)])
    assert await inbox.exchange(ended(await inbox.exchange(wanted=1)), wanted=1) == []
    assert await inbox.put(BOT, [text(1)]) == 0
    assert await inbox.exchange(wanted=1) == []


async def test_bots_have_ids_of_their_own(inbox: Inbox) -> None:
    assert await inbox.put(BOT, [text(1)]) == 1
    assert await inbox.put(OTHER_BOT, [text(1)]) == 1


@pytest.mark.parametrize("first", [0, 1, 32767, 32768, 10**9, 2**31 - 3, 2**31 + 5])
async def test_any_id_is_recognised(inbox: Inbox, first: int) -> None:
    updates = [text(n, user=n + 1) for n in range(first, first + 3)]
    assert await inbox.put(BOT, updates) == 3
    assert await inbox.put(BOT, updates) == 0


async def test_ids_are_remembered_for_days_and_forgotten_before_they_begin_anew(
    redis: Redis, inbox: Inbox
) -> None:
    # Telegram offers an update for a day, and chooses the next id at random after a week without.
    await inbox.put(BOT, [text(32767), text(32768), text(70000)])
    await inbox.put(BOT, [text(70000)])
    seen = [key async for key in redis.scan_iter(f"{PREFIX}seen:*")]
    assert len(seen) == 3
    for key in seen:
        assert DAY < await redis.ttl(key) < 7 * DAY
        await redis.pexpire(key, 1)
    await until(lambda: _is_gone(redis, seen), "the ids are forgotten")
    assert await inbox.put(BOT, [text(32768)]) == 1


async def _is_gone(redis: Redis, keys: list[bytes]) -> bool:
    return not await redis.exists(*keys)


async def test_ids_take_little_memory(redis: Redis) -> None:
    inbox = await new_inbox(redis, limit_per_bot=40_000)
    for start in range(0, 32768, 1024):
        await inbox.put(BOT, [text(n) for n in range(start, start + 1024)])
    assert await redis.strlen(f"{PREFIX}seen:{BOT}:0") == 4096


# Bounds


async def test_a_full_bot_takes_nothing_more_and_others_do(redis: Redis) -> None:
    inbox = await new_inbox(redis, limit_per_bot=3)
    assert await inbox.put(BOT, [text(n) for n in (1, 2, 3)]) == 3
    with pytest.raises(InboxFull, match="INBOX_LIMIT"):
        await inbox.put(BOT, [text(4), text(5)])
    assert await inbox.put(OTHER_BOT, [text(4)]) == 1
    turns = await inbox.exchange(wanted=1, skip=[OTHER_BOT])
    with pytest.raises(InboxFull):
        await inbox.put(BOT, [text(4), text(5)])  # a turn in hand counts
    await inbox.exchange(ended(turns), wanted=0)
    assert await inbox.put(BOT, [text(4), text(5)]) == 2, "nothing of it had entered"


async def test_the_inbox_has_a_limit_in_all(redis: Redis) -> None:
    inbox = await new_inbox(redis, limit=2)
    assert await inbox.put(BOT, [text(1)]) == 1
    assert await inbox.put(OTHER_BOT, [text(1)]) == 1
    for bot in (BOT, OTHER_BOT):
        with pytest.raises(InboxFull):
            await inbox.put(bot, [text(2)])
    await inbox.exchange(ended(await inbox.exchange(wanted=1)), wanted=0)
    assert await inbox.put(BOT, [text(2)]) == 1


async def test_redis_without_memory_is_a_full_inbox_that_can_be_emptied(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
    server.start()
    try:
        async with Redis.from_url(server.url) as redis:
            inbox = await new_inbox(redis)
            with pytest.raises(InboxFull, match="memory"):
                await put_for_ever(inbox)
            waiting = (await inbox.sizes())[BOT]
            count, turns = 0, await inbox.exchange(wanted=10)
            # The first turn that is handed in as a dead letter needs memory, and gets it.
            turns = await inbox.exchange(ended(turns, Outcome.DEAD), wanted=10)
            count += 10
            while turns:
                count += len(turns)
                turns = await inbox.exchange(ended(turns), wanted=10)
            assert count == waiting
            assert await inbox.put(BOT, [text(waiting + 1), text(waiting + 2)]) == 2
    finally:
        server.kill()


async def test_an_empty_inbox_leaves_nothing_that_grows(redis: Redis, inbox: Inbox) -> None:
    updates = [text(n, user=n % 100 + 1) for n in range(1, 301)]
    await inbox.put(BOT, updates[:200])
    await inbox.put(OTHER_BOT, updates[200:])
    turns = await inbox.exchange(wanted=50)
    await inbox.exchange(ended(turns, Outcome.BACK), wanted=0)
    turns = await inbox.exchange(wanted=50)
    turns = await inbox.exchange(ended(turns, Outcome.DEAD), wanted=50)
    while turns:
        turns = await inbox.exchange(ended(turns), wanted=50)
    keys = [key.decode() async for key in redis.scan_iter("*")]
    assert [key for key in keys if not KEYS_OF_AN_EMPTY_INBOX.fullmatch(key)] == []
    assert await inbox.sizes() == {}
    held = await redis.hgetall(f"{PREFIX}turns:{inbox.replica}")  # type: ignore[misc]  # redis-py: sync or not
    assert held.keys() == {b"@"}
    await inbox.leave()
    assert (
        await redis.exists(f"{PREFIX}turns:{inbox.replica}", f"{PREFIX}replicas", f"{PREFIX}steady")
        == 0
    )


# Fair turns


async def test_bots_take_turns_one_conversation_each(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(n, user=n) for n in range(1, 101)])
    await inbox.put(OTHER_BOT, [text(n, user=n) for n in (1, 2)])
    turns = await inbox.exchange(wanted=6)
    assert [turn.bot_id for turn in turns] == [BOT, OTHER_BOT, BOT, OTHER_BOT, BOT, BOT]


async def test_conversations_of_a_bot_take_turns_one_update_each(inbox: Inbox) -> None:
    await inbox.put(BOT, [*(text(n, user=7) for n in range(1, 9)), text(10, user=8)])
    turns = await inbox.exchange(wanted=1)
    assert ids(turns) == [1]
    assert ids(await inbox.exchange(ended(turns), wanted=1)) == [10]


async def test_a_bot_gets_its_share_and_skipped_bots_nothing(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(n, user=n) for n in range(1, 11)])
    await inbox.put(OTHER_BOT, [text(n, user=n) for n in range(1, 11)])
    turns = await inbox.exchange(wanted=10, share=3)
    assert sorted(turn.bot_id for turn in turns) == [BOT] * 3 + [OTHER_BOT] * 3
    turns = await inbox.exchange(wanted=10, skip=[BOT])
    assert {turn.bot_id for turn in turns} == {OTHER_BOT}
    assert len(turns) == 7
    assert len(await inbox.exchange(wanted=10)) == 7, "who was skipped has not lost its place"


# Replies that are lost, calls that come twice or late


async def test_a_lost_reply_loses_and_repeats_nothing(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(n, user=n) for n in range(1, 9)])
    turns = await inbox.exchange(wanted=2)
    before = inbox._number, inbox._last_number
    lost = await inbox.exchange(ended(turns[:1]), wanted=3)
    inbox._number, inbox._last_number = before
    again = await inbox.exchange(ended(turns), wanted=5)
    assert sorted(again, key=lambda turn: turn.number) == lost
    assert await inbox.sizes() == {BOT: 6}
    rest = await inbox.exchange(ended(again), wanted=9)
    assert sorted(ids([*turns, *again, *rest])) == list(range(1, 9))


async def test_a_call_that_arrives_late_takes_no_turns(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1, user=1)])
    late = inbox._number, inbox._last_number
    turns = await inbox.exchange(wanted=1)
    now = inbox._number, inbox._last_number
    await inbox.put(BOT, [text(2, user=2)])
    await inbox.exchange(wanted=0)
    now = inbox._number, inbox._last_number
    # The network had kept the first call back, as redis-py repeated it on another connection.
    inbox._number, inbox._last_number = late
    assert await inbox.exchange(wanted=5) == []
    inbox._number, inbox._last_number = now
    assert ids(await inbox.exchange(ended(turns), wanted=5)) == [2]


# Replicas that die


async def test_the_turns_of_a_dead_replica_are_taken_over_in_order(redis: Redis) -> None:
    dead, heir = await new_inbox(redis), await new_inbox(redis)
    await dead.put(BOT, [text(1), text(2), text(3, user=8)])
    turns = await dead.exchange(wanted=5)
    assert sorted(ids(turns)) == [1, 3]
    assert await heir.exchange(wanted=5) == []
    await take_over(heir, dead)
    inherited = await heir.exchange(wanted=5)
    assert sorted(ids(inherited)) == [1, 3]
    # It was only paused: what it did counts no more, and it is told.
    assert await dead.exchange(ended(turns), wanted=5) == []
    assert await heir.sizes() == {BOT: 3}
    assert not await dead.beat()
    assert ids(await heir.exchange(ended(inherited), wanted=5)) == [2]


async def test_a_replica_that_beats_is_not_taken_for_dead(redis: Redis) -> None:
    one, two = await new_inbox(redis), await new_inbox(redis)
    await one.put(BOT, [text(1)])
    turns = await one.exchange(wanted=1)
    until_then = time.monotonic() + 3 * DEAD_AFTER
    while time.monotonic() < until_then:
        assert await one.beat()
        assert await two.beat()
        await asyncio.sleep(BEAT)
    assert await two.exchange(wanted=1) == []
    await one.exchange(ended(turns), wanted=0)
    assert await one.sizes() == {}


async def test_who_was_away_does_not_judge_others_by_their_silence(redis: Redis) -> None:
    one, two = await new_inbox(redis), await new_inbox(redis)
    await one.put(BOT, [text(1)])
    turns = await one.exchange(wanted=1)
    await asyncio.sleep(2 * DEAD_AFTER)  # as if Redis had been away for both
    assert await two.beat()
    assert await one.beat()
    await one.exchange(ended(turns), wanted=0)
    assert await one.sizes() == {}


async def test_a_replica_that_is_not_known_gets_no_turns_and_leaves_no_keys(redis: Redis) -> None:
    inbox = Inbox(redis)
    await inbox.put(BOT, [text(1)])
    assert await inbox.exchange(wanted=1) == []
    assert not await redis.exists(f"{PREFIX}turns:{inbox.replica}")
    await inbox.beat()
    assert ids(await inbox.exchange(wanted=1)) == [1]


async def test_who_leaves_with_turns_in_hand_is_taken_over_later(redis: Redis) -> None:
    leaver, heir = await new_inbox(redis), await new_inbox(redis)
    await leaver.put(BOT, [text(1)])
    await leaver.exchange(wanted=1)
    await leaver.leave()
    assert leaver.replica in await members(heir)
    await take_over(heir, leaver)
    assert ids(await heir.exchange(wanted=1)) == [1]


async def test_redis_that_forgot_the_last_turns_gives_them_again(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--appendonly", "no")
    server.start()
    try:
        async with Redis.from_url(server.url) as redis:
            inbox = await new_inbox(redis)
            await inbox.put(BOT, [text(1), text(2), text(3, user=8)])
            turns = await inbox.exchange(wanted=1)
            await redis.save()
            await inbox.exchange(ended(turns), wanted=1)
            await inbox.beat()
            server.kill()
            server.start()
            with pytest.raises(RedisConnectionError):
                await inbox.exchange(wanted=5)
            # The first update counts as in hand, although this replica has long done it.
            assert await inbox.exchange(wanted=5) == []
            assert not await inbox.beat(), "its turns are no longer its own"
            turns = await inbox.exchange(wanted=5)
            assert sorted(ids(turns)) == [1, 3]
            assert ids(await inbox.exchange(ended(turns), wanted=5)) == [2]
    finally:
        server.kill()


async def test_an_update_that_kills_is_a_dead_letter_after_its_attempts(redis: Redis) -> None:
    heir = await new_inbox(redis)
    await heir.put(BOT, [text(1, "poison"), text(2)])
    for attempt in (1, 2, 3):
        dying = await new_inbox(redis)
        assert ids(await dying.exchange(wanted=1)) == [1], f"attempt {attempt}"
        await take_over(heir, dying)
    [letter] = await letters(heir)
    assert letter.update == text(1, "poison")
    assert letter.died == 3
    assert "died" in letter.error
    assert ids(await heir.exchange(wanted=1)) == [2]


async def test_bystanders_of_an_update_that_kills_survive(redis: Redis) -> None:
    heir = await new_inbox(redis, max_attempts=3)
    bystanders = range(2, 30)
    await heir.put(BOT, [text(1, "poison", user=1), *(text(n, user=n) for n in bystanders)])
    handled: set[int] = set()
    deaths = 0
    while await heir.sizes():
        replica = await new_inbox(redis, max_attempts=3)
        turns = await replica.exchange(wanted=100)
        while turns and 1 not in ids(turns):
            handled |= set(ids(turns))
            turns = await replica.exchange(ended(turns), wanted=100)
        if turns:  # it dies, with all that it has in hand
            deaths += 1
            await take_over(heir, replica)
    assert deaths == 3
    assert [letter.update["update_id"] for letter in await letters(heir)] == [1]
    assert handled == set(bystanders)


async def test_attempts_count_deaths_of_one_update_alone(redis: Redis) -> None:
    heir = await new_inbox(redis)
    await heir.put(BOT, [text(1), text(2)])
    for _ in range(2):
        dying = await new_inbox(redis)
        await dying.exchange(wanted=1)
        await take_over(heir, dying)
    turns = await heir.exchange(wanted=1)
    # Handed back, it stays in its last attempt; done, its successor begins anew.
    await heir.exchange(ended(turns, Outcome.BACK), wanted=0)
    assert await heir.exchange(wanted=1, skip=[BOT]) == []
    await heir.exchange(ended(await heir.exchange(wanted=1)), wanted=0)
    for _ in range(2):
        dying = await new_inbox(redis)
        assert ids(await dying.exchange(wanted=1)) == [2]
        await take_over(heir, dying)
    assert await letters(heir) == []


# Dead letters


async def test_a_dead_letter_holds_all_there_is_to_know(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1, chat=-100), text(2, chat=-100)])
    [turn] = await inbox.exchange(wanted=1)
    before = time.time()
    end = EndedTurn(turn, Outcome.DEAD, "ValueError: no", "Traceback …")
    assert ids(await inbox.exchange([end], wanted=1)) == [2], "the conversation goes on"
    [letter] = await letters(inbox)
    assert letter.bot_id == BOT
    assert letter.conversation == f"{BOT}:-100:7"
    assert letter.update == text(1, chat=-100)
    assert (letter.error, letter.traceback, letter.died) == ("ValueError: no", "Traceback …", 0)
    assert abs(letter.failed_at.timestamp() - before) < 60


async def test_an_error_that_utf_8_cannot_hold_is_a_dead_letter_too(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(1)])
    [turn] = await inbox.exchange(wanted=1)
    await inbox.exchange([EndedTurn(turn, Outcome.DEAD, "no file \udcff", "\ud800")], wanted=1)
    [letter] = await letters(inbox)
    assert letter.error == r"no file \udcff"


async def test_dead_letters_come_page_by_page(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(n, user=n) for n in range(1, 8)])
    turns = await inbox.exchange(wanted=7)
    await inbox.exchange(ended(turns, Outcome.DEAD), wanted=0)
    found = [letter.update["update_id"] async for letter in inbox.dead_letters(page=2)]
    assert found == ids(turns)


async def test_what_waits_for_a_bot_is_dropped_in_pieces(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.inbox.inbox.DROPPED_AT_ONCE", 2)
    await inbox.put(BOT, [text(n, user=n % 5 + 1) for n in range(10)])
    await inbox.put(OTHER_BOT, [text(1)])
    in_hand = await inbox.exchange(wanted=1)
    assert await inbox.drop_waiting(BOT) == 9, "a turn in hand comes to its end"
    assert await inbox.sizes() == {BOT: 1, OTHER_BOT: 1}
    [other] = await inbox.exchange(ended(in_hand), wanted=10)
    assert other.bot_id == OTHER_BOT
    assert await inbox.sizes() == {OTHER_BOT: 1}


async def test_turns_in_hand_are_dropped_if_that_is_wanted(inbox: Inbox) -> None:
    await inbox.put(BOT, [text(n, user=n % 2 + 1) for n in range(4)])
    in_hand = await inbox.exchange(wanted=1)
    assert await inbox.drop_waiting(BOT, in_hand=True) == 4
    assert await inbox.sizes() == {}
    await inbox.put(BOT, [text(5)])
    [turn] = await inbox.exchange(ended(in_hand, Outcome.BACK), wanted=10)
    assert ids([turn]) == [5], "the end of what was dropped no longer counts"
