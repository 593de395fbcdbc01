"""DROP_PENDING_UPDATES drops at a start while no replica lives, and at no other moment."""

from itertools import count

import pytest
from redis.asyncio import Redis

from fleet.bots import pending as module
from fleet.bots.pending import Pending
from fleet.inbox import Inbox
from fleet.redis.keys import PREFIX
from fleet.shards.beats import Beats
from fleet.shards.replicas import Replicas
from tests.waiting import until

BOT, OTHER = 11, 12
_names = count(1)


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_GAP", 0.1)


def starting(redis: Redis, *, wanted: bool = True) -> tuple[Beats, Pending]:
    beats = Beats(redis, f"replica-{next(_names)}")
    return beats, Pending(redis, Inbox(redis), Replicas(redis, 64), wanted=wanted)


async def fall_silent(redis: Redis, beats: Beats) -> None:
    """Let a replica look as if it had not beaten for an hour."""
    seconds, _ = await redis.time()
    beat = f"{seconds - 3600} 1 here"
    await redis.execute_command("HSET", f"{PREFIX}replicas", beats.replica, beat)


async def test_the_first_of_a_deployment_decides_for_all(redis: Redis) -> None:
    beats, first = starting(redis)
    assert await first.begin([BOT, OTHER])
    same_beats, same_moment = starting(redis)
    assert await same_moment.begin([BOT, OTHER]), "nobody works yet"
    for one in (beats, same_beats):
        await one.beat()
    await first.refresh()
    await first.drop(BOT)

    _, later = starting(redis)
    assert await later.begin([BOT, OTHER])
    await redis.execute_command("SADD", f"{PREFIX}dropping", "no bot", b"\xff")
    await later.refresh()
    assert BOT not in later, "it has begun to work"
    assert OTHER in later, "its holder has not dropped it yet"
    await first.drop(OTHER)
    await later.refresh()
    assert not later


async def test_it_is_not_wanted(redis: Redis) -> None:
    _, pending = starting(redis, wanted=False)
    assert await pending.begin([BOT])
    await pending.refresh()
    assert not pending


async def test_after_a_farewell_it_is_a_start_again(redis: Redis) -> None:
    beats, _ = starting(redis)
    await beats.beat()
    await beats.leave()
    _, pending = starting(redis)
    assert await pending.begin([BOT])
    await pending.refresh()
    assert BOT in pending


async def test_who_was_cut_off_from_redis_has_time_to_beat(redis: Redis) -> None:
    alive, _ = starting(redis)
    await alive.beat()
    await fall_silent(redis, alive)
    _, pending = starting(redis)
    assert not await pending.begin([BOT]), "it cannot be told yet"
    await alive.beat()
    assert await pending.begin([BOT])
    await pending.refresh()
    assert not pending


async def test_a_beat_at_the_last_moment_counts(redis: Redis) -> None:
    alive, _ = starting(redis)
    await alive.beat()
    await fall_silent(redis, alive)
    _, pending = starting(redis)
    assert not await pending.begin([BOT])
    seen = pending._seen
    await alive.beat()
    pairs = [part for pair in seen.items() for part in pair]
    assert not await pending._begin(keys=[PREFIX], args=(300, len(seen), *pairs, BOT))
    await pending.refresh()
    assert not pending


async def test_the_dead_are_not_waited_for_long(redis: Redis) -> None:
    dead, _ = starting(redis)
    await dead.beat()
    await fall_silent(redis, dead)
    _, pending = starting(redis)
    await until(lambda: pending.begin([BOT]), "it is a start")
    await pending.refresh()
    assert BOT in pending


async def test_who_comes_too_late_drops_nothing(redis: Redis) -> None:
    """A replica that was paused with its call to Telegram under way; another has taken its bot."""
    beats, paused = starting(redis)
    assert await paused.begin([BOT])
    heir_beats, heir = starting(redis)
    assert await heir.begin([BOT])
    for one, pending in ((beats, paused), (heir_beats, heir)):
        await one.beat()
        await pending.refresh()
    assert await paused.is_due(BOT)
    assert await heir.is_due(BOT)
    await heir.drop(BOT)
    inbox = Inbox(redis)
    await inbox.put(BOT, [{"update_id": 1}, {"update_id": 2}])

    await paused.drop(BOT)
    assert await inbox.sizes() == {BOT: 2}


async def test_what_is_over_is_found_before_telegram_is_told(redis: Redis) -> None:
    beats, pending = starting(redis)
    assert await pending.begin([BOT, OTHER])
    await beats.beat()
    await pending.refresh()
    await redis.delete(f"{PREFIX}dropping")  # so many minutes have passed
    assert BOT in pending
    assert not await pending.is_due(BOT)
    assert BOT not in pending


async def test_what_a_failover_brings_back_is_not_dropped_again(
    redis: Redis,
) -> None:
    beats, pending = starting(redis)
    assert await pending.begin([BOT, OTHER])
    await beats.beat()
    await pending.refresh()
    await pending.drop(BOT)
    await redis.execute_command("SADD", f"{PREFIX}dropping", BOT)
    await pending.refresh()
    assert BOT not in pending
    assert OTHER in pending
