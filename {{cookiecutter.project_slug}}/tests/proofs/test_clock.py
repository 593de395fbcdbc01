"""The sandbox' clock is moved, and the timers and jobs of a service that runs fire."""

import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from fleet.inbox.timers import KeptTimer
from sandbox.client import SandboxClient
from sandbox.server import running
from sandbox.testing import Telegram
from sandbox.testing.running import over_http
from tests.conftest import PatientClient, StartService
from tests.process import free_port
from tests.proofs.chats import answers
from tests.proofs.talk import until_said
from tests.proofs.test_jobs import APP, kept, noted, until_run
from tests.proofs.watch import new_bots
from tests.waiting import until

MINUTE = 60_000


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxClient]:
    """A sandbox of its own: other tests know what time it is."""
    async with running() as url, PatientClient(url) as client:
        yield client


@pytest.fixture
async def telegram(sandbox: SandboxClient) -> AsyncIterator[Telegram]:
    async with over_http(sandbox.url, {}) as telegram:
        yield telegram


def settings_of(mode: str) -> dict[str, str]:
    port = free_port()
    return {
        "polling": {},
        "webhook": {
            "HTTP_PORT": f"{port}",
            "WEBHOOK_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "k" * 40,
        },
    }[mode]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_timers_and_jobs_fire_when_the_clock_is_moved_and_none_early(
    mode: str,
    start_service: StartService,
    sandbox: SandboxClient,
    redis: Redis,
    telegram: Telegram,
) -> None:
    [desk, shop], tokens = await new_bots(sandbox, 2)
    roles = zip(("desk", "shop"), tokens.split(), strict=True)
    await start_service(
        APP,
        BOT_TOKENS=" ".join("=".join(one) for one in roles),
        JOBS="tick 0 0 29 2 *",
        TELEGRAM_API_URL=sandbox.url,
        **settings_of(mode),
    )

    async def waiting(count: int, within: int) -> list[KeptTimer]:
        """Tell of timers that are due within so many minutes, once there are so many."""
        due = [
            one for one in await kept(redis) if one.due_ms < time.time() * 1000 + within * MINUTE
        ]
        return due if len(due) == count else []

    for bot in (desk, shop):
        await sandbox.send(bot, "later tea")
    await until(lambda: waiting(2, 60), "two timers are set")
    await until(lambda: waiting(3, 5 * 366 * 24 * 60), "and the job is ordered")

    await telegram.advance(minutes=57)
    await until(lambda: waiting(2, 3), "the service knows of it")
    assert await answers(sandbox, desk) == await answers(sandbox, shop) == []
    await telegram.advance(minutes=3)
    for bot in (desk, shop):
        await until_said(sandbox, bot, "tea has fired")
        assert await answers(sandbox, bot) == ["tea has fired"]

    assert await noted(redis, "tick") == []
    await telegram.advance(days=5 * 366)
    await until_run(redis, "tick", 1, [shop])
    assert len(await noted(redis, "tick")) == 1, "and not for the other bot"
