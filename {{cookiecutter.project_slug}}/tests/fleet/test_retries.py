"""Which calls are tried again: those that surely did not arrive. Counted where they arrive."""

import asyncio
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates
from aiohttp import web

from fleet.settings import Settings
from fleet.telegram import connector, retries
from fleet.telegram.session import TelegramSessions, create_sessions
from tests.fleet.scripted import Answer, ScriptedTelegram, answers, fails, hang_up
from tests.serving import listening
from tests.waiting import Clock

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def bot(sessions: TelegramSessions) -> Bot:
    return Bot("1:secret", session=sessions.calls)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fails(500, "Internal Server Error"), TelegramServerError),
        (fails(500, "Internal Server Error: message was immediately deleted"), TelegramServerError),
        (answers("<html>502 Bad Gateway</html>", 502), TelegramServerError),
        (answers({"error": "upstream"}, 503), TelegramServerError),
        (fails(413, "Request Entity Too Large"), TelegramEntityTooLarge),
        (answers("<html>welcome to this hotspot</html>"), ClientDecodeError),
        (answers({"ok": True, "result": "what?"}), ClientDecodeError),
        (fails(400, "Bad Request: chat not found"), TelegramBadRequest),
        (fails(400, "Logged out"), TelegramUnauthorizedError),
        (hang_up, TelegramNetworkError),
    ],
)
async def test_what_may_have_arrived_is_not_tried_again(
    scripted: ScriptedTelegram, bot: Bot, fault: Answer, error: type[Exception]
) -> None:
    scripted.script = [fault]
    with pytest.raises(error):
        await bot.log_out()
    assert scripted.calls[1, "logOut"] == 1


async def test_a_time_out_is_not_tried_again(scripted: ScriptedTelegram, bot: Bot) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    scripted.script = [hang]
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.log_out(request_timeout=1)
    assert scripted.calls[1, "logOut"] == 1


async def test_a_kept_connection_that_is_gone(scripted: ScriptedTelegram, bot: Bot) -> None:
    await bot.log_out()
    scripted.script = [hang_up]
    assert await bot.log_out()
    kept, again, fresh = scripted.connections
    assert kept is again
    assert fresh is not kept


async def test_a_server_that_is_down(scripted: ScriptedTelegram) -> None:
    runner = await scripted.start()
    port = runner.addresses[0][1]
    sessions = create_sessions(Settings(telegram_api_url=scripted.url))
    bot = Bot("1:secret", session=sessions.calls)
    await runner.cleanup()
    tries = 0
    back: web.AppRunner | None = None

    async def count(make_request: Any, bot: Bot, method: Any) -> Any:
        nonlocal tries, back
        tries += 1
        if tries == 7:
            back = await scripted.start(port)
        return await make_request(bot, method)

    sessions.calls.middleware(count)
    with pytest.raises(TelegramNetworkError, match="Cannot connect"):
        await bot.log_out()
    assert tries == 4
    assert await bot.log_out()
    assert tries == 7
    await sessions.close()
    assert back is not None
    await back.cleanup()


async def test_a_host_that_does_not_answer_a_connect_is_given_up_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(retries, "DELAYS", ())

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    # It takes the connection but never shakes hands for TLS.
    async with listening(silent) as port:
        sessions = create_sessions(Settings(telegram_api_url=f"https://127.0.0.1:{port}"))
        clock = Clock()
        with pytest.raises(TelegramNetworkError, match="timeout"):
            await Bot("1:secret", session=sessions.calls).log_out()
        assert clock.read() < 5
        await sessions.close()


async def test_polls_are_not_tried_again(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bot: Bot
) -> None:
    for fault, error in (
        (fails(429, "Too Many Requests", retry_after=5), TelegramRetryAfter),
        (answers("<html>502 Bad Gateway</html>", 502), TelegramServerError),
    ):
        scripted.script = [fault]
        with pytest.raises(error):
            await sessions.polls(bot, GetUpdates())
    assert scripted.calls[1, "getUpdates"] == 2
    assert sessions.flood_wait(1) == 0
