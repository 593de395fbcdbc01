"""Nothing accepted is lost, whoever is killed and whenever: guarantees 1, 2 and 3.

Each run prints its seed. CHAOS_SEED repeats its choices (not the machine's timing), CHAOS_SECONDS
sets for how long somebody kills, as in `make soak CHAOS_SECONDS=3600`.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chaos import Chaos
from tests.proofs.inquest import Inquest
from tests.proofs.redis_server import RedisServer

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
SECONDS = float(os.environ.get("CHAOS_SECONDS") or 0)
SOAK_SECONDS = SECONDS or 300


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def chaos(
    sandbox: SandboxClient, start_service: StartService, redis_server: RedisServer
) -> Chaos:
    choices = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    chaos = Chaos(sandbox, start_service, redis_server, choices)
    for token in chaos.tokens:
        await sandbox.add(token)
    return chaos


async def rage(chaos: Chaos, victims: str, seconds: float) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_SECONDS={seconds:g}")  # noqa: T201 - to repeat it
    for replica in [await chaos.start_replica() for _ in range(3 if victims == "replicas" else 2)]:
        await replica.wait_ready()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(chaos.write_until(over))
        try:
            if victims == "replicas":
                await chaos.come_and_go(seconds)
            else:
                await chaos.strike(victims, seconds)
        finally:
            over.set()
    last_strike = time.monotonic()
    await chaos.until_handled()
    settled = time.monotonic() - last_strike
    repeated = await Inquest(chaos).check()
    print(f"{chaos}; {repeated} turns repeated; all handled {settled:.0f} s later")  # noqa: T201


@pytest.mark.parametrize(("victims", "seconds"), [("replicas", 20), ("redis", 10), ("both", 10)])
async def test_nothing_is_lost_whoever_is_killed(
    chaos: Chaos, victims: str, seconds: float
) -> None:
    await rage(chaos, victims, SECONDS or seconds)


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 60 * 30)
@pytest.mark.parametrize("victims", ["replicas", "redis", "both"])
async def test_nothing_is_lost_in_the_long_run(chaos: Chaos, victims: str) -> None:
    await rage(chaos, victims, SOAK_SECONDS)
