"""Two bots, and `fleet …` with the settings of their service."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from sandbox.client import SandboxClient
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.helpers import Bots

_ids = itertools.count(4_000_001)


@pytest.fixture
async def bots(sandbox: SandboxClient) -> Bots:
    one, two = next(_ids), next(_ids)
    tokens = {bot: f"{bot}:AAtoken-of-{bot}-{'x' * 20}" for bot in (one, two)}
    for token in tokens.values():
        await sandbox.add(token)
    return Bots(one, two, tokens)


@pytest.fixture
def fleet(tmp_path: Path, clean_redis: str, sandbox_url: str, bots: Bots) -> CommandLine:
    env = {"REDIS_URL": clean_redis, "TELEGRAM_API_URL": sandbox_url, **bots.settings}
    return CommandLine(tmp_path, env)


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(clean_redis)
    yield client
    await client.aclose()
