"""What all tests share: a Redis, a sandbox, and the service as a real process."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import settings
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from sandbox.client import SandboxClient
from sandbox.redis import embedded_redis
from tests.process import Process, free_port, service_process
from tests.waiting import STILL

# The fixtures `telegram`, `user` and `chat`. They and those below need the folder sandbox/.
pytest_plugins = ["sandbox.testing.plugin"]

# The same examples each time, however slow the machine: a test that fails today fails tomorrow.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

PROOF_BOTS = "tests.proofs.app"
"""What the proofs start: so they hold whatever you make of `bot/`."""
StartService = Callable[..., Awaitable[Process]]


class PatientClient(SandboxClient):
    """Waits for bots as long as on a busy machine they may need."""

    async def reply(
        self, bot_id: int, chat_id: int, after: int | None = None, timeout: float = 2 * STILL
    ) -> dict[str, Any]:
        return await super().reply(bot_id, chat_id, after, timeout)

    async def calls(
        self,
        bot_id: int | None = None,
        method: str | None = None,
        *,
        at_least: int = 0,
        timeout: float = 2 * STILL,
    ) -> list[dict[str, Any]]:
        return await super().calls(bot_id, method, at_least=at_least, timeout=timeout)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis that lives as long as the test run."""
    with embedded_redis() as url:
        yield url


@pytest.fixture
def clean_redis(redis_url: str) -> str:
    """The address of an empty database of that Redis, not the one that `redis_url` names."""
    url = redis_url.removesuffix("/0") + "/1"
    with BlockingRedis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
async def redis(clean_redis: str) -> AsyncIterator[Redis]:
    """A client of that database."""
    async with Redis.from_url(clean_redis) as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a sandbox that lives as long as the test run."""
    port = free_port()
    folder = tmp_path_factory.mktemp("sandbox")
    env = {"SANDBOX_PORT": str(port)}
    process = Process("sandbox", folder, env, url=f"http://127.0.0.1:{port}")
    try:
        await process.wait_ready("/sandbox/health")
        yield process.url
    finally:
        await process.kill()


@pytest.fixture
async def sandbox(sandbox_url: str) -> AsyncIterator[SandboxClient]:
    """Telegram's side of the test: send as a user, press buttons, read chats, cause faults."""
    async with PatientClient(sandbox_url) as client:
        yield client
        await client.clear_faults()


@pytest.fixture
async def start_service(
    sandbox_url: str, clean_redis: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[StartService]:
    """Start replicas: `service = await start_service(BOT_TOKENS=...)`.

    The first argument is the module, the bots of the proofs unless told; the others are settings.
    The replica is ready when the call returns, unless `wait=False`. All are killed at the end of
    the test; pytest shows their logs if the test failed.
    """
    started: list[Process] = []

    async def start(module: str = PROOF_BOTS, *, wait: bool = True, **settings: str) -> Process:
        service = service_process(module, tmp_path, clean_redis, sandbox_url, **settings)
        started.append(service)
        if wait:
            await service.wait_ready()
        return service

    yield start
    for process in started:
        await process.kill()
        name = f"log of {process.module}, process {process.pid}"
        request.node.add_report_section("teardown", name, process.log)
