"""A sandbox of its own for each test, over real HTTP, with bots of both kinds: raw, aiogram's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from hypothesis import settings

from sandbox.client import SandboxClient
from sandbox.server import running
from sandbox.testing import Telegram
from tests.sandbox.failing import CONFTEST, SETTINGS
from tests.sandbox.fitting import everything_fits
from tests.sandbox.plugin_bot import in_one_process, with_a_service

BOT_ID = 1000001
TOKEN = f"{BOT_ID}:{'s' * 35}"
SECOND_ID = 1000002
SECOND_TOKEN = f"{SECOND_ID}:{'t' * 35}"
ALICE = 7

Raw = Callable[..., Any]

# The same examples each time, however slow the machine: a test that fails today fails tomorrow.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    async with running() as address:
        yield address


@pytest_asyncio.fixture
async def sandbox(url: str) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(url) as client:
        await client.add(TOKEN)
        yield client


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


@pytest_asyncio.fixture
async def raw(url: str, http: aiohttp.ClientSession) -> AsyncIterator[Raw]:
    """`status, body = await raw("sendMessage", chat_id=7, text="x")`: a call in JSON."""

    async def call(method: str, token: str = TOKEN, **params: object) -> tuple[int, Any]:
        async with http.post(f"{url}/bot{token}/{method}", json=params) as answer:
            return answer.status, await answer.json()

    yield call


@pytest_asyncio.fixture
async def bot(url: str, sandbox: SandboxClient) -> AsyncIterator[Bot]:
    """A bot as people write them."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    yield Bot(TOKEN, session=session)
    # Not session.close(), which sleeps a quarter of a second.
    await (await session.create_session()).close()


@pytest_asyncio.fixture
async def second(sandbox: SandboxClient) -> AsyncIterator[Bot]:
    """Another bot."""
    await sandbox.add(SECOND_TOKEN)
    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.url))
    yield Bot(SECOND_TOKEN, session=session)
    await (await session.create_session()).close()


async def state(sandbox: SandboxClient, bot_id: int = BOT_ID) -> dict[str, Any]:
    """What the sandbox says of a bot."""
    return next(one for one in await sandbox.bots() if one["id"] == bot_id)


async def until(check: Callable[[], Awaitable[object]]) -> None:
    """Ask `check` until it answers something true. Raises TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while True:
            if await check():
                return
            await asyncio.sleep(0.02)


async def poll_open(sandbox: SandboxClient) -> None:
    """Waits until a getUpdates waits at the sandbox."""

    async def is_open() -> bool:
        return bool((await state(sandbox))["polls"])

    await until(is_open)


@pytest_asyncio.fixture
async def fitting(sandbox: SandboxClient) -> AsyncIterator[None]:
    """What the sandbox answers and enters during the test looks as aiogram knows it."""
    async with everything_fits(sandbox):
        yield


@pytest.fixture(params=[in_one_process, with_a_service])
async def both_ways(request: pytest.FixtureRequest) -> AsyncIterator[Telegram]:
    """Bots in one process, and over HTTP; all that happens can be told, should a test fail."""
    async with request.param() as telegram:
        yield telegram
        telegram.conversations()


@pytest.fixture
def small_project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with the plugin and a small bot."""
    monkeypatch.delenv("SANDBOX_URL", raising=False)
    pytester.makeini(SETTINGS)
    pytester.makeconftest(CONFTEST)
    return pytester
