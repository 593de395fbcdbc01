"""Nothing accepted is lost, whoever is killed and whenever: guarantees 1, 2 and 3.

Each run prints its seed. CHAOS_SEED repeats its choices (not the machine's timing), CHAOS_SECONDS
sets for how long somebody kills, as in `make soak CHAOS_SECONDS=3600`.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.chaos import Chaos
from tests.proofs.chats import until_handled
from tests.proofs.inquest import Inquest
from tests.proofs.proxy import proxy
from tests.proofs.redis_server import RedisServer

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
SECONDS = float(os.environ.get("CHAOS_SECONDS") or 0)
SOAK_SECONDS = SECONDS or 300


@pytest.fixture
async def chaos(sandbox: SandboxClient, start_service: StartService, server: RedisServer) -> Chaos:
    choices = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    chaos = Chaos(sandbox, start_service, server, choices)
    for token in chaos.tokens:
        await sandbox.add(token)
    return chaos


@asynccontextmanager
async def webhooks(chaos: Chaos) -> AsyncIterator[None]:
    """Updates come by webhook, to whatever replica; again only those that were not answered."""
    port, chaos.offers_again = free_port(), False
    chaos.settings = {"SECRET_KEY": "k" * 40, "WEBHOOK_URL": f"http://127.0.0.1:{port}"}
    async with proxy(port, lambda: [replica.url for replica in chaos.replicas]):
        yield


async def rage(chaos: Chaos, what: str, seconds: float) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_SECONDS={seconds:g}")  # noqa: T201 - to repeat it
    over = asyncio.Event()
    async with AsyncExitStack() as stack:
        if what == "replicas, webhooks":
            await stack.enter_async_context(webhooks(chaos))
        for replica in [await chaos.start_replica() for _ in range(3)]:
            await replica.wait_ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(chaos.write_until(over))
            try:
                if what.startswith("replicas"):
                    await chaos.come_and_go(seconds)
                else:
                    await chaos.strike(what, seconds)
            finally:
                over.set()
        last_strike = time.monotonic()
        await until_handled(chaos.sandbox, chaos.bots, chaos.redis)
        settled = time.monotonic() - last_strike
    repeated = await Inquest(chaos).check()
    print(f"{chaos}; {repeated} turns repeated; all handled {settled:.0f} s later")  # noqa: T201


SHORT = {"replicas": 20.0, "replicas, webhooks": 20.0, "redis": 10.0, "both": 10.0}
"""Who is killed, and for how many seconds."""


@pytest.mark.parametrize("what", SHORT)
async def test_nothing_is_lost_whoever_is_killed(chaos: Chaos, what: str) -> None:
    await rage(chaos, what, SECONDS or SHORT[what])


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 60 * 30)
@pytest.mark.parametrize("what", SHORT)
async def test_nothing_is_lost_in_the_long_run(chaos: Chaos, what: str) -> None:
    await rage(chaos, what, SOAK_SECONDS)
