"""A chat of a broadcast is in one place, whatever is lost on the way between a holder and Redis."""

import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.broadcast import Audience, Broadcasts, BroadcastState, text_message
from fleet.broadcast.parts import Part, Parts, Result
from fleet.directory.observer import Observer
from fleet.shards.holder import Held
from fleet.telegram.moves import Moves
from tests.proofs.mail import text
from tests.proofs.replica import Clock, Replica, Wire, silence

BOT = 1000001
CHATS = [11, 12, 13, 14, 15]


@pytest.fixture
async def wire(clean_redis: str) -> AsyncIterator[Wire]:
    wire = Wire.connect(clean_redis)
    yield wire
    await wire.aclose()


@pytest.fixture
async def book(redis: Redis) -> Broadcasts:
    return Broadcasts(redis, 1)


@pytest.fixture
async def name(book: Broadcasts) -> str:
    return await book.send(BOT, text_message("News!"), CHATS)


async def take_shard(redis: Redis, name: str) -> Replica:
    replica = Replica(redis, name)
    await replica.look()
    return replica


async def counts(book: Broadcasts, name: str) -> tuple[int, int, int]:
    found = await book.get(name)
    assert found
    return found.sent, found.failed, found.uncertain


async def test_chats_are_taken_in_order_and_counted_once(
    redis: Redis, book: Broadcasts, name: str, clock: Clock
) -> None:
    held = (await take_shard(redis, "a")).held
    desk, part = Parts(redis, "a"), Part(name, held)
    assert await desk.work([(part, 2)]) == {part: CHATS[:2]}
    assert (part.left, part.sending, held.is_idle) == (3, 2, False)
    part.results += [Result(11, "sent"), Result(12, "failed", "Bad Request: no" + "x" * 500)]
    assert await desk.work([(part, 9)]) == {part: CHATS[2:]}
    part.results += [Result(11, "sent"), Result(13, "back"), Result(14, "sent")]
    part.results.append(Result(15, "uncertain"))
    part.sending += 1  # the one that is handed in twice
    held.sending += 1
    assert await desk.work([(part, 0)]) == {part: []}
    assert (part.left, held.is_idle) == (1, True)
    assert await counts(book, name) == (2, 1, 1)
    assert await book.uncertain(name) == [15]
    assert not await book.is_over(name)
    assert await desk.work([(part, 1)]) == {part: [13]}
    part.results.append(Result(13, "sent"))
    await desk.work([(part, 0)])
    assert await book.is_over(name)
    found = await book.get(name)
    assert found
    [reason] = found.reasons
    assert len(reason) == 100


async def test_what_was_taken_and_never_told_is_taken_again(
    wire: Wire, book: Broadcasts, name: str, clock: Clock
) -> None:
    held = (await take_shard(wire, "a")).held
    desk, part = Parts(wire, "a"), Part(name, held)
    wire.loses_replies = True
    with pytest.raises(RedisConnectionError):
        await desk.work([(part, 2)])
    wire.loses_replies = False
    assert part.left is None, "so that it is asked again"
    assert held.is_idle
    assert sorted((await desk.work([(part, 9)]))[part]) == CHATS
    part.results = [Result(chat, "sent") for chat in CHATS]
    wire.loses_replies = True
    with pytest.raises(RedisConnectionError):
        await desk.work([(part, 0)])
    wire.loses_replies = False
    await desk.work([(part, 0)])
    assert await counts(book, name) == (5, 0, 0)


async def test_a_call_that_comes_late_changes_nothing(
    wire: Wire, book: Broadcasts, name: str, clock: Clock
) -> None:
    held = (await take_shard(wire, "a")).held
    desk, part = Parts(wire, "a"), Part(name, held)
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await desk.work([(part, 2)])
    wire.keeps_back = False
    [taken] = (await desk.work([(part, 1)])).values()
    await wire.deliver()
    assert (part.left, part.sending) == (4, 1)
    part.results = [Result(taken[0], "sent")]
    await desk.work([(part, 0)])
    assert (part.left, part.sending, await counts(book, name)) == (4, 0, (1, 0, 0))


async def test_what_a_dead_replica_had_taken_is_uncertain_and_its_calls_change_nothing(
    redis: Redis, book: Broadcasts, name: str, clock: Clock
) -> None:
    dead = (await take_shard(redis, "a")).held
    its_desk, its_part = Parts(redis, "a"), Part(name, dead)
    await its_desk.work([(its_part, 2)])
    other = Replica(redis, "b")
    await silence(clock, 20, [other])
    desk, part = Parts(redis, "b"), Part(name, other.held)
    assert await desk.work([(part, 0)]) == {part: []}
    assert (part.left, await book.uncertain(name)) == (3, [11, 12])
    its_part.results = [Result(11, "sent")]
    assert await its_desk.work([(its_part, 3)]) == {}
    assert (await desk.work([(part, 9)]))[part] == CHATS[2:]
    assert await counts(book, name) == (0, 0, 2)


async def test_what_was_on_its_way_at_the_end_of_a_cancelled_one_is_uncertain(
    redis: Redis, book: Broadcasts, name: str, clock: Clock
) -> None:
    held: Held = (await take_shard(redis, "a")).held
    desk, part = Parts(redis, "a"), Part(name, held)
    await desk.work([(part, 2)])
    assert await book.cancel(name)
    assert await counts(book, name) == (0, 0, 2)
    part.results = [Result(11, "sent")]
    assert await desk.work([(part, 9)]) == {part: []}
    assert await counts(book, name) == (1, 0, 1)
    assert await book.uncertain(name) == [12]
    found = await book.get(name)
    assert found
    assert (found.state, found.total, found.over) == (BroadcastState.CANCELLED, 5, 2)


async def test_the_audience_is_fixed_when_it_is_sent(redis: Redis, book: Broadcasts) -> None:
    observer = Observer(redis, 1, Moves())
    observer.update(BOT, text(1, user=5))
    await observer.write()
    name = await book.send(BOT, text_message("News!"), Audience())
    observer.update(BOT, text(2, user=6))
    await observer.write()
    found = await book.get(name)
    assert found
    assert (found.total, found.state) == (1, BroadcastState.RUNNING)
    await redis.execute_command(
        "HSET", "fleet:{0}:chats:9", *("1", "p1", "2", "s99999", "3", "p9b")
    )
    assert await book.count(9, Audience()) == 2
    assert await book.count(9, Audience.read("active=30d")) == 1
    assert await book.count(9, Audience.read("private,active=30d")) == 0


async def test_it_is_forgotten_a_month_after_its_end(
    redis: Redis, book: Broadcasts, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await book.end(name)
    unfinished = await book.send(BOT, text_message("Never sent"), CHATS)
    await redis.execute_command("HDEL", "fleet:broadcasts:open", unfinished)
    found = await book.get(unfinished)
    assert found
    assert found.state is BroadcastState.FILLING
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 31 * 86_400)
    other = await book.send(BOT, text_message("News!"), [])
    assert [one.id for one in await book.all()] == [other]
    keys = [key.decode() async for key in redis.scan_iter("*")]
    assert not [key for key in keys if name in key or unfinished in key]


@pytest.mark.parametrize("wrong", ["", "everybody", "active=30", "private;groups", "active=d"])
def test_a_wrong_audience_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="active=30d"):
        Audience.read(wrong)
