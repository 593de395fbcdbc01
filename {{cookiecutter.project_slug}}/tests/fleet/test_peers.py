"""Replicas with the same keys and other bots are noticed, with patience for a rolling deploy."""

import pytest
from redis.asyncio import Redis

from fleet.bots import peers
from fleet.bots.peers import Peers
from fleet.redis.keys import PREFIX
from fleet.shards.beats import Beats
from fleet.shards.replicas import Replicas

OLD, NEW = [1, 2], [3, 2, 1]


@pytest.fixture
async def replicas(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Beats, Peers]]:
    """Two that live, and look as often as they are asked."""
    monkeypatch.setattr(peers, "INTERVAL", 0)
    both = [Beats(redis, name) for name in ("one", "two")]
    for beats in both:
        await beats.beat()
    return [(beats, Peers(redis, beats.replica, Replicas(redis, 64))) for beats in both]


async def test_a_difference_counts_once_it_lasts(
    replicas: list[tuple[Beats, Peers]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, one), (_, two) = replicas
    for _ in range(2):
        await one.compare(OLD)
        await two.compare(NEW)
    assert (one.strangers, two.strangers) == (False, False), "a rolling deploy is no other service"
    assert not await one.have_met_strangers()

    monkeypatch.setattr(peers, "PATIENCE", 0)
    await two.compare(NEW)
    assert two.strangers
    assert await one.have_met_strangers(), "who asks hears it from the other, too"

    await one.compare(sorted(NEW))
    await two.compare(NEW)
    assert (one.strangers, two.strangers) == (False, False)
    assert not await one.have_met_strangers()


async def test_a_replica_that_is_gone_differs_from_nobody(
    redis: Redis,
    replicas: list[tuple[Beats, Peers]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers, "PATIENCE", 0)
    (_, one), (gone, two) = replicas
    await two.compare(OLD)
    await one.compare(NEW)
    assert one.strangers
    await gone.leave()
    await one.compare(NEW)
    assert not one.strangers
    assert await redis.execute_command("HLEN", PREFIX + "peers") == 1


async def test_what_is_damaged_or_newer_harms_nobody(
    redis: Redis,
    replicas: list[tuple[Beats, Peers]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers, "PATIENCE", 0)
    (_, one), (other, _) = replicas
    await one.compare(OLD)
    [mine] = await redis.execute_command("HVALS", PREFIX + "peers")
    for told, differs in (
        (b"{", False),
        (b"7", False),
        (b"[]", False),
        (mine.replace(b"]", b',"more"]'), False),
        (b'["others",false,{}]', True),
    ):
        await redis.execute_command("HSET", PREFIX + "peers", other.replica, told, b"\xff", told)
        await one.compare(OLD)
        assert one.strangers == differs, told
        assert await one.have_met_strangers() == differs
