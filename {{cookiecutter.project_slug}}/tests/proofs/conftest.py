"""What the proofs share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from fleet.inbox import Inbox
from tests.proofs.redis_server import RedisServer
from tests.proofs.replica import Clock


@pytest.fixture
def inbox(redis: Redis) -> Inbox:
    """The inbox of that database."""
    return Inbox(redis)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, which runs."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the replicas of `tests.proofs.replica`: it stands still unless told."""
    clock = Clock()
    clock.replace(monkeypatch)
    return clock
