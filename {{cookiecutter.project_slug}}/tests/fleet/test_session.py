"""The shared sessions against a real HTTP server: limits, and the end."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.methods import GetUpdates
from aiohttp import web

from fleet.settings import Settings
from fleet.telegram.session import SessionClosedError, TelegramSessions, create_sessions
from tests.fleet.scripted import ScriptedTelegram, answers
from tests.waiting import Clock


def make_bot(sessions: TelegramSessions, bot_id: int = 1) -> Bot:
    return Bot(f"{bot_id}:secret", session=sessions.calls)


async def test_150_long_polls_do_not_delay_a_message(
    scripted: ScriptedTelegram, sessions: TelegramSessions
) -> None:
    over = asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.json_response({"ok": True, "result": []})

    scripted.script = [hold] * 150
    bots = [make_bot(sessions, number) for number in range(1, 151)]
    async with asyncio.TaskGroup() as group:
        polls = [
            group.create_task(sessions.polls(bot, GetUpdates(timeout=30), timeout=40))
            for bot in bots
        ]
        await scripted.until_called("getUpdates", 150)
        await bots[0].log_out()
        assert not any(poll.done() for poll in polls)
        over.set()
    assert all(poll.result() == [] for poll in polls)


async def test_no_bot_closes_the_session_of_all(
    scripted: ScriptedTelegram, sessions: TelegramSessions
) -> None:
    async with make_bot(sessions, 1) as bot:
        await bot.log_out()
    await make_bot(sessions, 2).session.close()
    assert await make_bot(sessions, 3).log_out()
    assert len(set(scripted.connections)) == 1


async def test_closed_it_stays_closed(
    scripted: ScriptedTelegram, sessions: TelegramSessions
) -> None:
    bot = make_bot(sessions)
    await bot.log_out()
    scripted.script = [answers({"ok": True, "result": []})]
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
    assert scripted.calls[1, "logOut"] == 1


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
