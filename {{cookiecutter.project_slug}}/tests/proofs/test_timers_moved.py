"""Timers of a group are one each in the supergroup that it becomes; what waits goes first."""

from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from fleet.inbox import Turn
from fleet.inbox.mailboxes import Work
from fleet.inbox.relocation import Relocation
from fleet.overlay import TimerWrite
from fleet.turn import TurnBack
from tests.proofs.mail import text
from tests.proofs.moved import BEFORE, BOT, FAR, NEW, NOW, OLD, SHARDS, Stage, kept, timer
from tests.proofs.replica import Wire


@pytest.fixture
def stage(redis: Redis) -> Stage:
    return Stage(redis)


async def test_timers_are_the_supergroups_after_the_first_turn_there(stage: Stage) -> None:
    await stage.book.write(timer("nudge"))
    await stage.book.write(timer("größe two"))
    await stage.book.write(TimerWrite(NOW, "nudge", FAR + 1, timer("nudge").json))
    assert await stage.prepare(NOW)
    assert await kept(stage.book, BEFORE) == {}
    assert await kept(stage.book, NOW) == {"nudge": OLD, "größe two": NEW}, "who was first stays"
    assert {(one.conversation, one.due_ms) async for one in stage.book.all()} == {
        (NOW, FAR + 1),
        (NOW, FAR),
    }
    with_claims = [key async for key in stage.redis.scan_iter("*claims*")]
    assert not with_claims


async def test_what_waits_in_the_group_goes_first(stage: Stage) -> None:
    stage.replica.inbox.name_now = str
    await stage.replica.inbox.put(BOT, [text(1, user=7, chat=OLD)])
    with pytest.raises(TurnBack, match="goes first"):
        await stage.prepare(NOW)
    assert await stage.prepare(f"{BOT}:{NEW}:8"), "another user does not wait"
    await stage.book.write(timer("nudge"))
    assert await stage.prepare(f"{NOW}/stop"), "nor does what has a lane"
    assert await kept(stage.book, BEFORE), "what waits may still cancel it"


async def test_a_timer_that_fires_just_then_goes_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.replica.look()
    await stage.book.write(timer("nudge"))

    async def fire_instead(*_: object) -> None:
        await stage.book.fire(BEFORE, "nudge")
        await stage.replica.mailboxes.work(
            {held: Work(look=True) for held in stage.replica.holder.held.values()}
        )

    monkeypatch.setattr(Relocation, "bring", fire_instead)
    with pytest.raises(TurnBack, match="goes first"):
        await stage.prepare(NOW)


async def test_a_lane_has_the_timers_when_nothing_waits(stage: Stage) -> None:
    await stage.book.write(timer("nudge"))
    assert await stage.prepare(f"{NOW}/stop")
    assert await kept(stage.book, NOW) == {"nudge": NEW}


async def test_what_comes_late_from_the_group_is_in_order_with_the_rest(stage: Stage) -> None:
    await stage.replica.look()
    await stage.replica.inbox.put(BOT, [text(1, user=7, chat=OLD), text(2, user=7, chat=NEW)])
    waiting = [
        name
        for held in stage.replica.holder.held.values()
        for names in (await stage.replica.mailboxes.read(held, [BOT], 10)).values()
        for name in names
    ]
    assert waiting == [NOW]


@pytest.mark.parametrize("lost", range(1, 8))
async def test_timers_are_one_each_wherever_the_way_is_interrupted(
    stage: Stage, clean_redis: str, lost: int
) -> None:
    """A replica dies at its n-th command; its turn is begun again; the old timers fire, too."""
    for number in range(2):
        await stage.book.write(timer(str(number)))
    wire = Wire.connect(clean_redis)
    dying = Relocation(wire, SHARDS)
    sent = 0

    async def send(*args: Any, **options: Any) -> Any:
        nonlocal sent
        if args[0] != "SCRIPT LOAD":
            sent += 1
        if sent == lost:
            raise RedisConnectionError("dead")
        try:
            return await Redis.execute_command(wire, *args, **options)
        except NoScriptError:  # this Redis has not had it yet: it is asked again
            sent -= 1
            raise

    wire.execute_command = send  # type: ignore[method-assign]
    try:
        await dying.bring(BEFORE, NOW, lambda json: json)
    except RedisConnectionError:
        dies = True
    else:
        dies = False
    await wire.aclose()
    assert dies == (lost <= 6), "it has six commands, and this test sees each fail"
    # What fires there meanwhile has its turn there, if it was not brought.
    here = set(await kept(stage.book, BEFORE))
    fired = {
        name for name in sorted(here)[:1] if await stage.relocation.claim(BEFORE, NOW, name, 1)
    }
    for name in sorted(here)[:1]:  # its turn is over
        await stage.book.write(TimerWrite(BEFORE, name, None, b""))
    await stage.relocation.bring(BEFORE, NOW, lambda json: json)
    assert not await kept(stage.book, BEFORE)
    assert fired | set(await kept(stage.book, NOW)) == {"0", "1"}
    assert not fired & set(await kept(stage.book, NOW))


async def test_a_timer_whose_turn_has_claimed_it_is_not_brought(stage: Stage) -> None:
    await stage.book.write(timer("nudge"))
    assert await stage.relocation.claim(BEFORE, NOW, "nudge", 3)
    assert await stage.relocation.claim(BEFORE, NOW, "nudge", 3), "its turn may be begun again"
    await stage.relocation.bring(BEFORE, NOW, lambda json: json)
    assert await kept(stage.book, NOW) == {}
    assert await kept(stage.book, BEFORE) == {"nudge": OLD}
    assert not await stage.relocation.claim(BEFORE, NOW, "nudge", 4)


async def test_a_timer_that_fires_in_the_group_is_about_the_supergroup(stage: Stage) -> None:
    raw = orjson.loads(timer("nudge").json)
    assert await stage.prepare(BEFORE, **raw)
    moving, turn = stage.moving(), Turn(BEFORE, 0, -1, b"")
    assert await moving.prepare(turn, raw)
    assert raw["timer"]["chat"] == {"id": NEW, "type": "supergroup"}
    brought = Turn(BEFORE, 0, -2, b"")
    assert not await moving.prepare(brought, orjson.loads(timer("nudge").json))
