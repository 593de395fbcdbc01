"""Who holds which shard: planned evenly, told by beats, taken from the dead, given away."""

import asyncio
from collections import Counter

import pytest
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.inbox import EndedTurn, Outcome
from fleet.redis.keys import PREFIX
from fleet.shards.beats import DEAD_AFTER, FORGOTTEN_AFTER, HELD_FOR, LONGEST_GAP
from fleet.shards.holder import CLOSED_FOR, Holder
from fleet.shards.replicas import OtherShardsError, Replicas
from fleet.shards.shard import shard_of_bot
from tests.proofs.mail import text
from tests.proofs.replica import STEP, Clock, Desk, Replica, Wire, ids, name, silence

BOT, SHARDS = 1000001, 16
ANN, BOB = name(BOT, 7), name(BOT, 8)
ODD_CLOCK = """
local function odd_time()
  local time = redis.call('TIME')
  return { string.format('%d', time[1] + (redis.call('GET', 'jump') or 0)), time[2] }
end
"""


@pytest.fixture
def anybody(redis: Redis) -> Replicas:
    """Tells what all can see."""
    return Replicas(redis, SHARDS)


async def meet(*replicas: Replica) -> None:
    """Let all hear of each other, hand over what others should have, and take what they should."""
    for _ in range(2):
        for one in replicas:
            await one.look()
    for one in replicas:
        closed = [held for held in one.holder.held.values() if held.closed_at]
        if closed:
            await one.holder.give(closed)
    for one in replicas:
        await one.look()


def shares(holders: list[str]) -> dict[str, int]:
    return dict(Counter(holders))


# Beats


async def test_shards_are_spread_over_all_that_live(
    redis: Redis, clock: Clock, anybody: Replicas
) -> None:
    one, two, three = (Replica(redis, str(n), SHARDS) for n in range(3))
    assert len(await one.look()) == SHARDS
    assert shares(await anybody.holders()) == {"0": SHARDS}
    await meet(one, two, three)
    counts = shares(await anybody.holders())
    assert sorted(counts) == ["0", "1", "2"]
    assert max(counts.values()) <= 6
    assert await anybody.living() == {"0", "1", "2"}
    own = anybody.of_bot(await anybody.holders(), BOT)
    serving = [r.name for r in (one, two, three) if r.holder.serves(BOT)]
    assert serving == [own], "one serves a bot's intake"
    assert shard_of_bot(BOT, SHARDS) in {"0": one, "1": two, "2": three}[str(own)].holder.held


async def test_who_starts_or_leaves_takes_nothing(redis: Redis, clock: Clock) -> None:
    one, two = Replica(redis, "one", SHARDS), Replica(redis, "two", SHARDS)
    starting = Holder(redis, "starting", SHARDS)
    await meet(one, two)
    await starting.look(lambda _: None)
    await meet(one, two)
    assert (len(one.holder.held), len(two.holder.held), len(starting.held)) == (8, 8, 0)

    two.holder.leave_soon()
    assert all(held.closed_at for held in two.holder.held.values())
    await two.holder.beat()
    await two.holder.give(list(two.holder.held.values()))
    await one.look()
    assert await two.look() == []
    assert len(one.holder.held) == SHARDS
    await two.holder.leave()
    assert not await redis.hexists(PREFIX + "replicas", "two")  # type: ignore[misc]  # redis-py: sync or not


async def test_no_beat_follows_the_farewell(redis: Redis, clock: Clock) -> None:
    for number in range(20):
        one = Replica(redis, str(number))
        await one.look()
        one.holder.leave_soon()
        last = [one.look(), one.holder.leave(), one.look()]
        await asyncio.gather(*(last if number % 2 else reversed(last)))
    assert await redis.hkeys(PREFIX + "replicas") == []  # type: ignore[misc]  # redis-py: sync or not


async def test_of_the_dead_another_takes_all_and_their_turns_count_a_death(
    redis: Redis, clock: Clock, anybody: Replicas
) -> None:
    dead, heir = Replica(redis, "dead", SHARDS), Replica(redis, "heir", SHARDS)
    await meet(dead, heir)
    assert await silence(clock, DEAD_AFTER - STEP, [heir]) == []
    assert len(await silence(clock, 3 * STEP, [heir])) == 8
    assert shares(await anybody.holders()) == {"heir": SHARDS}
    await silence(clock, FORGOTTEN_AFTER, [heir])
    assert await redis.hkeys(PREFIX + "replicas") == [b"heir"]  # type: ignore[misc]  # redis-py: sync or not


async def test_deaths_are_counted_for_what_was_in_hand_alone(redis: Redis, clock: Clock) -> None:
    holder = Replica(redis, "0")
    await holder.look()
    await holder.inbox.put(BOT, [text(1), text(2), text(3, user=8), text(4, user=9)])
    [turn] = await holder.begin(BOB)
    await holder.work(EndedTurn(turn, Outcome.BACK, again_in=3600))
    for deaths in (1, 2, 3):
        assert ids(await holder.begin(ANN)) == [1]
        holder = Replica(redis, str(deaths))
        [taken] = await silence(clock, 30, [holder])
        assert taken.bots == [BOT]
        [ann, bob] = sorted(taken.tries)
        assert ann == (ANN, deaths, 0, 0.0)
        assert bob[:3] == (BOB, 0, 1)
        assert 3000 < bob[3] <= 3600, "seconds until it may begin"
    await holder.end(*await holder.begin(ANN))
    assert ids(await holder.begin(ANN)) == [2]
    [taken] = await silence(clock, 30, [Replica(redis, "last")])
    assert (ANN, 1, 0, 0.0) in taken.tries, "the next update begins anew"


async def test_who_could_not_beat_does_not_judge_others_by_their_silence(
    redis: Redis, clock: Clock, anybody: Replicas
) -> None:
    one, two = Replica(redis, "one", SHARDS), Replica(redis, "two", SHARDS)
    await meet(one, two)
    clock.now += 10 * DEAD_AFTER  # Redis was away for both
    assert await two.look() == []
    assert await one.look() == []
    assert await two.look() == []
    assert shares(await anybody.holders()) == {"one": 8, "two": 8}


async def test_who_cannot_beat_holds_nothing_before_others_may_take_it(
    redis: Redis, clock: Clock
) -> None:
    replica = Replica(redis, "one", SHARDS)
    await replica.look()
    held = replica.holder.held[shard_of_bot(BOT, SHARDS)]
    assert replica.holder.serves(BOT) is held
    clock.now += HELD_FOR - 0.1
    assert replica.holder.owns(held)
    clock.now += 0.2
    assert not replica.holder.owns(held)
    assert replica.holder.serves(BOT) is None
    assert HELD_FOR + LONGEST_GAP / 2 < DEAD_AFTER, "nobody may have taken it so soon"
    await replica.holder.beat()
    assert replica.holder.owns(held)


@pytest.mark.parametrize("jump", [-365 * 86400, -30, 30, 365 * 86400])
async def test_the_clock_of_redis_decides_nothing(
    redis: Redis,
    clock: Clock,
    anybody: Replicas,
    monkeypatch: pytest.MonkeyPatch,
    jump: int,
) -> None:
    register = redis.register_script

    def with_odd_clock(script: str) -> AsyncScript:
        return register(ODD_CLOCK + script.replace("redis.call('TIME')", "odd_time()"))

    monkeypatch.setattr(redis, "register_script", with_odd_clock)
    one, two = Replica(redis, "one", SHARDS), Replica(redis, "two", SHARDS)
    await meet(one, two)
    await redis.set("jump", jump)
    assert await silence(clock, 60, [one, two]) == [], "who beats lives"
    assert shares(await anybody.holders()) == {"one": 8, "two": 8}
    await redis.set("jump", 0)
    assert len(await silence(clock, DEAD_AFTER + 3 * STEP, [two])) == 8, "who does not is dead"


# Handing over


async def test_two_who_hold_the_same_after_a_late_beat(redis: Redis, clock: Clock) -> None:
    old, heir = Replica(redis, "old"), Replica(redis, "heir")
    await old.look()
    await old.inbox.put(BOT, [text(1), text(2)])
    turns = await old.begin(ANN)
    await silence(clock, 30, [heir])
    [inherited] = await heir.begin(ANN)

    await old.holder.beat()
    lost = old.held
    assert old.holder.owns(lost), "as far as it can know without asking"
    old.inbox.desk = desk = Desk(old, 5)
    await old.inbox.put(BOT, [text(3, user=8)])
    assert desk.begun == []
    assert await old.work(begin=[ANN, BOB]) is None
    assert await old.end(*turns) is None
    await old.holder.give([lost])
    assert await Replicas(redis, 1).holders() == ["heir"]
    assert await heir.inbox.sizes() == {BOT: 3}
    await heir.end(inherited)
    assert sorted(await heir.run_all(BOT)) == [2, 3]


async def test_a_beat_of_the_dead_that_arrives_late_costs_nobody_a_shard(
    clean_redis: str, redis: Redis, clock: Clock, anybody: Replicas
) -> None:
    async with Wire.connect(clean_redis) as wire:
        dead, heir = Replica(wire, "dead", SHARDS), Replica(redis, "heir", SHARDS)
        await meet(dead, heir)
        wire.keeps_back = True
        with pytest.raises(RedisConnectionError):
            await dead.holder.beat()
        await silence(clock, 30, [heir])
        await wire.deliver()
    await heir.look()
    assert sum(held.closed_at is not None for held in heir.holder.held.values()) == 8
    await heir.holder.give([held for held in heir.holder.held.values() if held.closed_at])
    await silence(clock, DEAD_AFTER + 3 * STEP, [heir])
    assert shares(await anybody.holders()) == {"heir": SHARDS}


async def test_what_another_should_have_is_closed_for_a_while_and_given_when_idle(
    redis: Redis, clock: Clock
) -> None:
    one, two = Replica(redis, "one", SHARDS), Replica(redis, "two", SHARDS)
    await one.look()
    await two.look()
    await one.look()
    closed = [held for held in one.holder.held.values() if held.closed_at]
    assert len(closed) == 8
    assert await two.look() == [], "nothing is taken from who lives"
    # Turns of it last longer: it is opened again, and tried later.
    clock.now += CLOSED_FOR + 0.1
    await one.look()
    while clock.now + STEP < closed[0].try_at:
        assert await silence(clock, STEP, [two, one]) == []
        assert [held.closed_at for held in closed] == [None] * 8
    await silence(clock, STEP, [two, one])
    assert all(held.closed_at for held in closed)
    await one.holder.give(closed)
    assert await two.holder.wait(1) == set(), "the next holder is rung"
    taken = [one.held for one in await two.look()]
    assert {held.shard for held in taken} == {held.shard for held in closed}
    assert {held.epoch for held in taken} == {2}


async def test_what_is_given_with_a_begin_that_nobody_heard_of_counts_no_death(
    clean_redis: str, redis: Redis, clock: Clock
) -> None:
    async with Wire.connect(clean_redis) as wire:
        giver, heir = Replica(wire, "giver"), Replica(redis, "heir")
        await giver.look()
        await giver.inbox.put(BOT, [text(1)])
        wire.loses_replies = True
        with pytest.raises(RedisConnectionError):
            await giver.begin(ANN)
        wire.loses_replies = False
        await giver.holder.give([giver.held])
        giver.holder.leave_soon()
        await giver.holder.beat()
    [taken] = await heir.look()
    assert (taken.bots, taken.tries) == ([BOT], [])
    assert await heir.run_all(BOT) == [1]


# What all agree on


async def test_the_number_of_shards_is_fixed_by_the_first_start(redis: Redis) -> None:
    await Replicas(redis, 64).agree()
    await Replicas(redis, 64).agree()
    with pytest.raises(OtherShardsError, match=r"SHARDS: write 64, .* or set another REDIS_PREFIX"):
        await Replicas(redis, 32).agree()
    await Replicas(redis, 32, prefix="other:").agree()
