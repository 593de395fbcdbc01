"""How many turns of a bot may be in hand, by what the others have."""

import pytest

from fleet.schedule.places import MOST_WAITING, Places


def fill(places: Places, bots: range) -> list[int]:
    """Let bots, in turn, take all the places that they can get; tell how many each has got."""
    while sum(places.reserve(bot, 1) for bot in bots):
        pass
    return [places._of[bot] for bot in bots]


@pytest.mark.parametrize(("bots", "least", "most"), [(1, 66, 67), (2, 39, 40), (5, 17, 19)])
def test_bots_share_alike_and_leave_some(bots: int, least: int, most: int) -> None:
    counts = fill(Places(100), range(bots))
    assert most >= max(counts) >= min(counts) >= least


@pytest.mark.parametrize("hung", [1, 2, 5, 20, 34, 50, 90])
def test_however_many_hang_ten_others_get_a_place_each(hung: int) -> None:
    places = Places(100)
    assert min(fill(places, range(hung))) >= 1
    for newcomer in range(1000, 1010):
        assert places.reserve(newcomer, 1) == 1


def test_what_is_kept_is_not_for_one_newcomer_alone() -> None:
    places = Places(100)
    fill(places, range(50))
    assert places.reserve(1000, 5) == 1
    places.give_back(1000)
    assert places.may_take(1000), "its next turn comes when that one is over"


@pytest.mark.parametrize("concurrency", range(1, 12))
def test_of_few_places_one_bot_leaves_one(concurrency: int) -> None:
    places = Places(concurrency)
    assert places.reserve(1, concurrency) >= 1
    assert places.reserve(2, concurrency) >= (concurrency > 1)
    assert places.taken <= concurrency


def test_a_turn_that_comes_back_from_a_gate_has_its_place_also_if_there_is_none() -> None:
    places = Places(2)
    for bot in (1, 2, 3):
        places.take(bot)
    assert places.free < 0
    assert not places.may_take(4)
    places.give_back(1)
    assert not places.may_take(4)
    places.give_back(2)
    assert places.may_take(4)


def test_what_is_given_back_leaves_nothing_behind() -> None:
    places = Places(10)
    for bot in range(1000):
        places.take(bot)
        places.give_back(bot)
    assert places.taken == 0
    assert not places._of


def test_the_turns_of_one_bot_that_wait_at_gates_are_bounded() -> None:
    places, waiting = Places(2), 0
    while places.may_take(1):
        places.take(1)
        places.wait(1)
        waiting += 1
    assert waiting == 2 * MOST_WAITING
    assert places.taken == 0
    assert places.may_take(2)
    places.wait_no_more(1)
    assert places.may_take(1)
