"""Turns that begin together: a few of them start in one round of the event loop."""

import asyncio
from itertools import pairwise

import pytest
from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.inbox import Outcome, Turn
from fleet.overlay import Overlay
from fleet.schedule.places import Places
from fleet.shards.holder import Held, Holder
from fleet.worker.hands import AT_ONCE, Hands
from fleet.worker.outbox import Outbox

NUMBER = 3 * AT_ONCE
MEMBER: Member = object()  # type: ignore[assignment]  # any will do


class Hall:
    """Hands whose turns note that they have started, then wait; `hold` starts such turns."""

    def __init__(self, redis: Redis) -> None:
        holder = Holder(redis, "one", 1)
        self.outbox = Outbox(holder, lambda: None)
        self.hands = Hands(
            holder, Places(NUMBER), self._take, lambda: Overlay(redis), 60, self.outbox
        )
        self.started: list[str] = []
        self.over = asyncio.Event()
        self.ending = 0.0
        """Seconds that a turn takes to end when it is cancelled."""
        self._held = holder.held[0] = Held(0, 1)

    def hold(self, *conversations: str) -> None:
        for number, name in enumerate(conversations):
            self.hands.start(self._held, Turn(name, 0, number, b"{}"), MEMBER)

    async def _take(self, _: object, turn: Turn, *__: object) -> None:
        self.started.append(turn.conversation)
        try:
            await self.over.wait()
        finally:
            await asyncio.sleep(self.ending)

    def ends(self) -> list[tuple[str, Outcome]]:
        [work] = self.outbox.collect().values()
        return [(one.turn.conversation, one.outcome) for one in work.ended]


@pytest.fixture
def hall(redis: Redis) -> Hall:
    return Hall(redis)


NAMES = [f"1:{user}:{user}" for user in range(NUMBER)]


async def test_the_event_loop_has_time_for_others_in_between(hall: Hall) -> None:
    hall.hold(*NAMES)
    counts = []
    while len(hall.started) < NUMBER:
        await asyncio.sleep(0)
        counts.append(len(hall.started))
    assert hall.started == NAMES
    assert max(after - before for before, after in pairwise(counts)) <= AT_ONCE
    hall.over.set()


async def test_those_that_have_not_started_go_back_without_a_try(hall: Hall) -> None:
    hall.hold(*NAMES)
    hall.over.set()
    await hall.hands.put_back(list(hall.hands.turns.values()))
    assert hall.ends() == [(name, Outcome.BACK) for name in NAMES]
    await asyncio.sleep(0)
    assert hall.started == []
    assert not hall.hands.turns


async def test_one_that_has_not_started_can_be_cancelled_by_another_lane(hall: Hall) -> None:
    first, *others = NAMES
    hall.hold(f"{first}/cancel", *others, first)
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # once to start tasks, once for their first steps
    assert hall.started == [f"{first}/cancel", *others[: AT_ONCE - 1]]
    await hall.hands.cancel_others(hall.hands.turns[f"{first}/cancel"])
    assert hall.ends() == [(first, Outcome.DONE)]
    hall.hands.start_all()
    await asyncio.sleep(0)
    assert hall.started == [f"{first}/cancel", *others]
    hall.over.set()


async def test_all_start_at_once_when_the_replica_is_to_stop(hall: Hall) -> None:
    hall.hold(*NAMES)
    hall.hands.start_all()
    assert all(one.task for one in hall.hands.turns.values())
    hall.over.set()
    await asyncio.wait([one.task for one in hall.hands.turns.values() if one.task])
    assert hall.ends() == [(name, Outcome.DONE) for name in NAMES]


@pytest.mark.parametrize("outcome", [Outcome.BACK, Outcome.DONE])
async def test_none_starts_while_others_take_their_time_to_end(
    hall: Hall, outcome: Outcome
) -> None:
    """It would go on when its update is over, or has its next turn."""
    name = NAMES[0]
    slow = [f"{name}/cancel", *(f"{name}/{lane}" for lane in range(1, AT_ONCE))]
    late = [f"{name}/{lane}" for lane in range(AT_ONCE, NUMBER)]
    hall.ending = 0.05
    hall.hold(*slow, *late)
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # once to start tasks, once for their first steps
    asking, *others = hall.hands.turns.values()
    if outcome is Outcome.DONE:
        await hall.hands.cancel_others(asking)
    else:
        await hall.hands.put_back(others)
    assert hall.started == slow
    assert sorted(hall.ends()) == sorted((one.turn.conversation, outcome) for one in others)
    assert list(hall.hands.turns.values()) == [asking]
    hall.over.set()
