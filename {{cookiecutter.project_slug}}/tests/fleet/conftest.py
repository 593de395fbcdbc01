"""The shared sessions, and a Telegram of the test's own that they call."""

from collections.abc import AsyncIterator

import pytest

from fleet.settings import Settings
from fleet.telegram import retries
from fleet.telegram.session import TelegramSessions, create_sessions
from tests.fleet.scripted import ScriptedTelegram


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedTelegram]:
    async with ScriptedTelegram.running() as telegram:
        yield telegram


@pytest.fixture
async def sessions(scripted: ScriptedTelegram) -> AsyncIterator[TelegramSessions]:
    made = create_sessions(Settings(telegram_api_url=scripted.url, concurrency=10))
    yield made
    await made.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits before further tries short; their number stays."""
    monkeypatch.setattr(retries, "DELAYS", (0.01,) * len(retries.DELAYS))
