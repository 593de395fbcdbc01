"""The shared sessions, a Telegram of the test's own that they call, and a folder for settings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.settings import Settings
from fleet.telegram import retries, session
from fleet.telegram.session import TelegramSessions, create_sessions
from tests.fleet.mistakes import TOKEN
from tests.fleet.scripted import ScriptedTelegram
from tests.fleet.stage import Stage


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedTelegram]:
    async with ScriptedTelegram.running() as telegram:
        yield telegram


@pytest.fixture
async def sessions(scripted: ScriptedTelegram) -> AsyncIterator[TelegramSessions]:
    made = create_sessions(Settings(telegram_api_url=scripted.url, concurrency=10))
    yield made
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "CLOSING", 0.0)  # nothing here has TLS
        await made.close()


@pytest.fixture
def stage(sessions: TelegramSessions) -> Stage:
    return Stage(sessions)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits before further tries short; their number stays."""
    monkeypatch.setattr(retries, "DELAYS", (0.01,) * len(retries.DELAYS))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, with no setting set but one token."""
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setenv("BOT_TOKENS", TOKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path
