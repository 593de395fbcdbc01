"""Each replica works out alone which shards are whose."""

from collections import Counter

import pytest

from fleet.shards.plan import plan


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 10, 64])
def test_shards_are_dealt_out_evenly(count: int) -> None:
    replicas = [f"replica-{n}" for n in range(count)]
    planned = plan(replicas, 64)
    assert sorted(planned) == list(range(64))
    shares = Counter(planned.values()).values()
    assert len(shares) == count
    assert max(shares) - min(shares) <= 1
    assert planned == plan(replicas[::-1], 64), "whoever works it out, and in whatever order"


def test_more_replicas_than_shards_are_no_harm() -> None:
    assert len(set(plan([f"replica-{n}" for n in range(10)], 4).values())) == 4
    assert plan([], 64) == {}


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_who_comes_or_goes_moves_few_shards_but_its_own(count: int) -> None:
    moved = []
    for run in range(20):
        replicas = [f"{run}-{n}" for n in range(count)]
        before, after = plan(replicas, 64), plan([*replicas, f"{run}-new"], 64)
        moved.append(sum(before[shard] != after[shard] for shard in before))
    assert sum(moved) / len(moved) < 2 * 64 / (count + 1), "twice its share"
