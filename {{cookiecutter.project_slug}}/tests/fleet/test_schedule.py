"""Who has the next turn. No Redis: what a worker tells the schedule, and what it says."""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable

import pytest

from fleet.schedule import schedule as module
from fleet.schedule.places import Places
from fleet.schedule.schedule import MOST_KNOWN, Schedule, Waiting

SUSPECT_FROM = 2


class Bots:
    """Those that cannot work, and how often somebody asked."""

    def __init__(self) -> None:
        self.down: set[int] = set()
        self.asked = 0

    def can_work(self, bot_id: int) -> bool:
        self.asked += 1
        return bot_id not in self.down


@pytest.fixture
def bots() -> Bots:
    return Bots()


@pytest.fixture
def places() -> Places:
    return Places(1000)


@pytest.fixture
def schedule(bots: Bots, places: Places) -> Schedule:
    return Schedule(places, bots.can_work, SUSPECT_FROM)


@pytest.fixture
def let_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass, on the schedule's clock."""
    passed = [0.0]
    begun = time.monotonic()

    class Time:
        @staticmethod
        def monotonic() -> float:
            return begun + passed[0]

    def let_pass(seconds: float) -> None:
        passed[0] += seconds

    monkeypatch.setattr(module, "time", Time)
    return let_pass


def mail(bot: int, user: int = 1, *, shard: int = 0, deaths: int = 0, backs: int = 0) -> Waiting:
    return Waiting(f"{bot}:{user}:{user}", shard, bot, deaths, backs)


def taken(schedule: Schedule) -> list[str]:
    """Take all that may begin now."""
    return [one.name for one in iter(schedule.take, None)]


def test_bot_after_bot_and_each_in_order(schedule: Schedule) -> None:
    for bot, user in itertools.product((1, 2), (1, 2, 3)):
        schedule.add(mail(bot, user))
    schedule.add(mail(3))
    assert taken(schedule) == ["1:1:1", "2:1:1", "3:1:1", "1:2:2", "2:2:2", "1:3:3", "2:3:3"]


def test_a_conversation_waits_once(schedule: Schedule) -> None:
    schedule.add(mail(1))
    schedule.add(mail(1))
    assert taken(schedule) == ["1:1:1"]
    schedule.add(mail(1))
    assert taken(schedule) == ["1:1:1"]


def test_no_more_turns_than_places(bots: Bots) -> None:
    places = Places(10)
    schedule = Schedule(places, bots.can_work, SUSPECT_FROM)
    for bot, user in itertools.product(range(20), range(5)):
        schedule.add(mail(bot, user))
    names = taken(schedule)
    assert len(names) == 10
    assert {name.partition(":")[0] for name in names} == {str(bot) for bot in range(10)}
    places.give_back(3)
    assert taken(schedule) == ["10:0:0"]


def test_what_is_due_later_has_no_place_and_does_not_delay_others(
    schedule: Schedule, places: Places, let_pass: Callable[[float], None]
) -> None:
    schedule.add(mail(1, 1, backs=1), delay=10)
    schedule.add(mail(1, 2, backs=1), delay=5)
    schedule.add(mail(1, 3))
    assert taken(schedule) == ["1:3:3"]
    assert places.taken == 1
    assert schedule.next_due < math.inf
    let_pass(6)
    schedule.wake()
    assert taken(schedule) == ["1:2:2"]
    let_pass(5)
    schedule.wake()
    assert taken(schedule) == ["1:1:1"]
    assert schedule.next_due == math.inf


# Bots that cannot work


def test_what_waits_for_a_bot_that_rests_is_forgotten_and_read_when_it_works(
    schedule: Schedule, bots: Bots, let_pass: Callable[[float], None]
) -> None:
    bots.down.add(1)
    for user in range(5):
        schedule.add(mail(1, user, shard=user))
    assert taken(schedule) == []
    assert not any(mail(1, user).name in schedule for user in range(5))
    assert schedule.unread() == {}
    schedule.add(mail(1, 9, shard=9))
    assert mail(1, 9).name not in schedule, "what comes meanwhile is forgotten, too"

    bots.down.clear()
    let_pass(1)
    schedule.wake()
    assert schedule.unread() == {shard: [1] for shard in (0, 1, 2, 3, 4, 9)}


def test_what_only_memory_knows_of_a_bot_that_rests_is_kept(
    schedule: Schedule, bots: Bots, let_pass: Callable[[float], None]
) -> None:
    bots.down.add(1)
    schedule.add(mail(1, 1, backs=3))
    assert taken(schedule) == []
    bots.down.clear()
    let_pass(1)
    schedule.wake()
    one = schedule.take()
    assert one is not None
    assert one.backs == 3


def test_thousands_that_rest_are_not_asked_for_at_each_tick(
    schedule: Schedule, bots: Bots, let_pass: Callable[[float], None]
) -> None:
    bots.down.update(range(1, 2001))
    for bot in bots.down:
        schedule.add_unread(bot, 0)
    assert schedule.unread() == {}
    bots.asked = 0
    for _ in range(100):  # the ticks of a tenth of a second
        let_pass(0.001)
        schedule.wake()
        schedule.add(mail(5000))
        assert schedule.unread() == {}
        assert taken(schedule) == ["5000:1:1"]
    assert bots.asked <= 2000 + 100


# Long queues


def test_of_a_long_queue_the_rest_stays_in_redis(schedule: Schedule, places: Places) -> None:
    for user in range(3 * MOST_KNOWN):
        schedule.add(mail(1, user, shard=user % 2))
    assert schedule.unread() == {}, "not while there is enough here"
    known = 0
    while schedule.take():
        places.give_back(1)
        known += 1
    assert known == MOST_KNOWN
    assert schedule.unread() == {0: [1], 1: [1]}
    assert schedule.has_queue(1)
    for shard in (0, 1):
        schedule.note_read(1, shard)
    assert schedule.unread() == {}
    assert not schedule.has_queue(1)


# Suspects


def test_suspects_begin_one_after_the_other_beside_the_others(
    schedule: Schedule, let_pass: Callable[[float], None]
) -> None:
    for user in (1, 2, 3):
        schedule.add(mail(1, user, deaths=SUSPECT_FROM))
    schedule.add(mail(1, 4, deaths=SUSPECT_FROM - 1))
    assert taken(schedule) == ["1:1:1", "1:4:4"]
    schedule.over("1:4:4")
    assert taken(schedule) == []
    schedule.over("1:1:1")
    assert taken(schedule) == ["1:2:2"]
    let_pass(module.ALONE_FOR + 0.1)
    assert taken(schedule) == ["1:3:3"], "a long turn of one does not hold all of them up"


def test_a_suspect_of_a_bot_that_cannot_work_does_not_hold_others_up(
    schedule: Schedule, bots: Bots
) -> None:
    bots.down.add(1)
    schedule.add(mail(1, deaths=SUSPECT_FROM))
    schedule.add(mail(2, deaths=SUSPECT_FROM))
    assert taken(schedule) == ["2:1:1"]


# Shards


def test_a_closed_shard_begins_nothing_until_it_is_open(
    schedule: Schedule, let_pass: Callable[[float], None]
) -> None:
    schedule.add(mail(1, 1, shard=1))
    schedule.add(mail(1, 2, shard=2))
    schedule.add(mail(1, 3, shard=1, deaths=SUSPECT_FROM))
    schedule.add(mail(1, 4, shard=1, backs=1), delay=1)
    schedule.close(1)
    let_pass(2)
    schedule.wake()
    schedule.add(mail(1, 5, shard=1))
    assert taken(schedule) == ["1:2:2"]
    schedule.open(1)
    assert Counter(taken(schedule)) == Counter(["1:1:1", "1:3:3", "1:4:4", "1:5:5"])


def test_of_a_lost_shard_nothing_is_known(
    schedule: Schedule, let_pass: Callable[[float], None]
) -> None:
    schedule.add(mail(1, 1, shard=1))
    schedule.add(mail(1, 2, shard=1, deaths=SUSPECT_FROM))
    schedule.add(mail(1, 3, shard=1, backs=1), delay=1)
    schedule.add(mail(1, 4, shard=2))
    schedule.add_unread(2, 1)
    schedule.forget(1)
    let_pass(2)
    schedule.wake()
    assert schedule.unread() == {}
    assert taken(schedule) == ["1:4:4"]
    schedule.add(mail(1, 1, shard=1))
    assert taken(schedule) == ["1:1:1"], "taken again, it begins anew"
