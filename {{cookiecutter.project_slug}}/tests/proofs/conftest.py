"""What the proofs of the inbox and of the shards share."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.proofs.replica import Clock


@pytest.fixture
async def redis(clean_redis: str) -> AsyncIterator[Redis]:
    """A client of an empty database."""
    async with Redis.from_url(clean_redis) as client:
        yield client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the replicas of `tests.proofs.replica`: it stands still unless told."""
    clock = Clock()
    clock.replace(monkeypatch)
    return clock
