"""The shared sessions against a real HTTP server: limits, flood control, faults, the end."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import GetUpdates
from aiohttp import web

from fleet.settings import Settings
from fleet.telegram import retries, route
from fleet.telegram.session import SessionClosedError, TelegramSessions, create_sessions
from tests.waiting import Clock, until

pytestmark = pytest.mark.asyncio

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
RIGHT = {"ok": True, "result": True}


class Telegram:
    """A Bot API server that answers each call with the next of `script`, then with success."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.calls: Counter[tuple[int, str]] = Counter()
        self.connections: list[object] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        bot_id = int(request.match_info["token"].partition(":")[0])
        self.calls[bot_id, request.match_info["method"]] += 1
        self.connections.append(request.transport)
        await request.read()
        if self.script:
            return await self.script.pop(0)(request)
        return web.json_response(RIGHT)

    async def start(self, port: int = 0) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner


def answers(body: Any, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(text=body, content_type="text/html", status=status)
        return web.json_response(body, status=status)

    return answer


def fails(status: int, description: str, **parameters: int) -> Answer:
    body = {"ok": False, "error_code": status, "description": description}
    return answers(body | ({"parameters": parameters} if parameters else {}), status)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[Telegram]:
    server = Telegram()
    runner = await server.start()
    yield server
    await runner.cleanup()


@pytest_asyncio.fixture
async def sessions(telegram: Telegram) -> AsyncIterator[TelegramSessions]:
    made = create_sessions(Settings(telegram_api_url=telegram.url, concurrency=10))
    yield made
    await made.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits before further tries short; their number stays."""
    for name in ("NETWORK_DELAYS", "SERVER_DELAYS"):
        monkeypatch.setattr(retries, name, (0.01,) * len(getattr(retries, name)))


def make_bot(sessions: TelegramSessions, bot_id: int = 1) -> Bot:
    return Bot(f"{bot_id}:secret", session=sessions.calls)


async def until_called(telegram: Telegram, method: str, times: int) -> None:
    async def called() -> bool:
        return sum(n for (_, name), n in telegram.calls.items() if name == method) >= times

    await until(called, f"{times} calls of {method}")


async def test_150_long_polls_do_not_delay_a_message(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    over = asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.json_response({"ok": True, "result": []})

    telegram.script = [hold] * 150
    bots = [make_bot(sessions, number) for number in range(1, 151)]
    async with asyncio.TaskGroup() as group:
        polls = [
            group.create_task(sessions.polls(bot, GetUpdates(timeout=30), timeout=40))
            for bot in bots
        ]
        await until_called(telegram, "getUpdates", 150)
        await bots[0].log_out()
        assert not any(poll.done() for poll in polls)
        over.set()
    assert all(poll.result() == [] for poll in polls)


async def test_flood_control_keeps_this_bot_back_and_no_other(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    flooded, other = make_bot(sessions, 1), make_bot(sessions, 2)
    telegram.script = [fails(429, "Too Many Requests: retry after 1", retry_after=1)]
    began = time.monotonic()
    first = asyncio.create_task(flooded.log_out())

    async def flooded_now() -> float:
        return sessions.flood_wait(1)

    await until(flooded_now, "flood control of bot 1")
    assert 0 < sessions.flood_wait(1) <= 1
    assert sessions.flood_wait(2) == 0
    second = asyncio.create_task(flooded.log_out())
    await other.log_out()
    assert not first.done(), "the other bot has not waited"
    assert telegram.calls[1, "logOut"] == 1, "the second call waits, too"
    assert await first
    assert await second
    assert time.monotonic() - began >= 1
    assert telegram.calls[1, "logOut"] == 3
    assert sessions.flood_wait(1) == 0


async def test_waiting_for_the_gate_can_be_cancelled(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    telegram.script = [fails(429, "Too Many Requests", retry_after=20)]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await make_bot(sessions).log_out()
    assert 19 < sessions.flood_wait(1) <= 20


async def test_long_flood_control_is_raised_at_once(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    telegram.script = [fails(429, "Too Many Requests", retry_after=600)]
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter) as caught:
            await make_bot(sessions).log_out()
        assert 599 <= caught.value.retry_after <= 600
    assert telegram.calls[1, "logOut"] == 1, "the second call is not even made"
    assert 599 < sessions.flood_wait(1) <= 600


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "fault",
    [
        fails(500, "Internal Server Error"),
        answers("<html>502 Bad Gateway</html>", 502),
        answers({"error": "upstream"}, 503),
    ],
)
async def test_5xx_is_tried_twice_more(
    telegram: Telegram, sessions: TelegramSessions, fault: Answer
) -> None:
    telegram.script = [fault, fault]
    assert await make_bot(sessions).log_out()
    telegram.script = [fault] * 9
    with pytest.raises(TelegramServerError):
        await make_bot(sessions).log_out()
    assert telegram.calls[1, "logOut"] == 6


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fails(400, "Bad Request: chat not found"), TelegramBadRequest),
        (answers("<html>welcome to this hotspot</html>"), ClientDecodeError),
        (answers({"ok": True, "result": "what?"}), ClientDecodeError),
    ],
)
async def test_other_answers_are_not_tried_again(
    telegram: Telegram, sessions: TelegramSessions, fault: Answer, error: type[Exception]
) -> None:
    telegram.script = [fault]
    with pytest.raises(error):
        await make_bot(sessions).log_out()
    assert telegram.calls[1, "logOut"] == 1


@pytest.mark.usefixtures("quick")
async def test_a_kept_connection_that_is_gone(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    await make_bot(sessions).log_out()
    telegram.script = [hang_up]
    assert await make_bot(sessions).log_out()
    kept, again, fresh = telegram.connections
    assert kept is again
    assert fresh is not kept


@pytest.mark.usefixtures("quick")
async def test_a_connection_lost_while_waiting_for_the_answer_is_not_tried_again(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    telegram.script = [hang_up]
    with pytest.raises(TelegramNetworkError):
        await make_bot(sessions).log_out()
    assert telegram.calls[1, "logOut"] == 1


async def test_a_time_out_is_not_tried_again(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    telegram.script = [hang]
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await make_bot(sessions).log_out(request_timeout=1)
    assert telegram.calls[1, "logOut"] == 1


@pytest.mark.usefixtures("quick")
async def test_a_server_that_is_down(telegram: Telegram) -> None:
    runner = await telegram.start()
    port = runner.addresses[0][1]
    sessions = create_sessions(Settings(telegram_api_url=telegram.url))
    await runner.cleanup()
    tries = 0
    back: web.AppRunner | None = None

    async def count(make_request: Any, bot: Bot, method: Any) -> Any:
        nonlocal tries, back
        tries += 1
        if tries == 7:
            back = await telegram.start(port)
        return await make_request(bot, method)

    sessions.calls.middleware(count)
    with pytest.raises(TelegramNetworkError, match="Cannot connect"):
        await make_bot(sessions).log_out()
    assert tries == 4
    assert await make_bot(sessions).log_out()
    assert tries == 7
    await sessions.close()
    assert back is not None
    await back.cleanup()


async def test_a_host_that_does_not_answer_a_connect_is_given_up_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(route, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(retries, "NETWORK_DELAYS", ())

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    # It takes the connection but never shakes hands for TLS.
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sessions = create_sessions(Settings(telegram_api_url=f"https://127.0.0.1:{port}"))
        clock = Clock()
        with pytest.raises(TelegramNetworkError, match="timeout"):
            await make_bot(sessions).log_out()
        assert clock.read() < 5
        await sessions.close()


@pytest.mark.usefixtures("quick")
async def test_polls_are_not_tried_again(telegram: Telegram, sessions: TelegramSessions) -> None:
    bot = make_bot(sessions)
    for fault, error in (
        (fails(429, "Too Many Requests", retry_after=5), TelegramRetryAfter),
        (answers("<html>502 Bad Gateway</html>", 502), TelegramServerError),
    ):
        telegram.script = [fault]
        with pytest.raises(error):
            await sessions.polls(bot, GetUpdates())
    assert telegram.calls[1, "getUpdates"] == 2
    assert sessions.flood_wait(1) == 0


async def test_no_bot_closes_the_session_of_all(
    telegram: Telegram, sessions: TelegramSessions
) -> None:
    async with make_bot(sessions, 1) as bot:
        await bot.log_out()
    await make_bot(sessions, 2).session.close()
    assert await make_bot(sessions, 3).log_out()
    assert len(set(telegram.connections)) == 1


async def test_closed_it_stays_closed(telegram: Telegram, sessions: TelegramSessions) -> None:
    bot = make_bot(sessions)
    await bot.log_out()
    telegram.script = [answers({"ok": True, "result": []})]
    await sessions.polls(bot, GetUpdates())
    clock = Clock()
    await sessions.close()
    assert clock.read() < 0.45, "0.25 s for both together"
    clock = Clock()
    await sessions.close()
    assert clock.read() < 0.2, "once"
    for call in (bot.log_out(), sessions.polls(bot, GetUpdates())):
        with pytest.raises(SessionClosedError):
            await call
    assert telegram.calls[1, "logOut"] == 1


async def test_a_session_never_used_closes_at_once(sessions: TelegramSessions) -> None:
    clock = Clock()
    await sessions.close()
    assert clock.read() < 0.2


@pytest.mark.parametrize(("concurrency", "limit"), [(1, 100), (500, 1000)])
async def test_the_limit_of_calls_grows_with_concurrency(concurrency: int, limit: int) -> None:
    sessions = create_sessions(Settings(concurrency=concurrency))
    calls = await sessions.calls.create_session()
    polls = await sessions.polls.create_session()
    assert calls.connector is not None
    assert polls.connector is not None
    assert (calls.connector.limit, polls.connector.limit) == (limit, 0)
    await sessions.close()
