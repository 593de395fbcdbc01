"""A storm is impossible: whatever Telegram answers, calls are few, and none is into a shut gate.

The real session, with all that is in it, and the real way of a turn, against a server that answers
as hypothesis likes, over and over. The clock jumps ahead whenever everybody waits.

Bounds, for each call that a handler makes, in each turn of its update:

- Telegram may have carried it out: it arrives no more. That is any answer but 429, one that cannot
  be read, none in time, and a new connection that is lost.
- A 429 with `retry_after`: no sooner than that, and no more than `MOST_REFUSALS` of them.
- A kept connection that is lost: again at most once for each of `DELAYS`, until another answer.

So it arrives at most `MOST_REFUSALS * (1 + len(DELAYS))` times, and once it has succeeded not again
in any later turn. Whether Telegram is away is asked at most three times in a turn.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fleet.settings import Settings
from fleet.telegram import session
from fleet.telegram.gate import Gate
from fleet.telegram.gates import MANY_CHATS, SOON
from fleet.telegram.session import TelegramSessions, create_sessions
from fleet.turn import TurnBack
from fleet.worker.ends import back
from tests.fleet.stage import Stage
from tests.proofs.weather import ANSWERS, JumpingLoop, Server

if TYPE_CHECKING:
    from aiogram.types import ErrorEvent, Message

TURNS = 6
"""Of one update, at most: in a service it would be a dead letter after a hundred."""
ACTIONS = (
    "say",
    "say anyway",
    "tell another chat",
    "rename",
    "have another bot say",
    "all at once",
)


class GateKeeper:
    """The innermost part of the session: no call passes into a gate that it has seen shut."""

    def __init__(self) -> None:
        self.trespasses: list[str] = []
        self._opens: dict[Gate, float] = {}
        self._flooded: dict[Gate, float] = {}

    async def __call__(self, make_request: Any, bot: Bot, method: Any) -> Any:
        now = asyncio.get_running_loop().time
        gate, whole = Gate.of(bot.id, method), Gate(bot.id)
        for one in (gate, whole):
            if now() < self._opens.get(one, 0.0):
                self.trespasses.append(f"{method} went into {one}")
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            opens = now() + error.retry_after
            self._opens[gate] = max(opens, self._opens.get(gate, 0.0))
            if gate.chat is not None:
                self._flooded[gate] = now()
                soon = [one for one, at in self._flooded.items() if at > now() - SOON]
                if sum(one.bot_id == bot.id for one in soon) >= MANY_CHATS:
                    self._opens[whole] = max(opens, self._opens.get(whole, 0.0))
            raise


class ApologeticStage(Stage):
    """Says that it is sorry, once more over the same session."""

    async def _apologise(self, event: ErrorEvent) -> None:
        await super()._apologise(event)
        assert event.update.message
        await event.update.message.answer("sorry")


def handler_of(actions: list[str], other: Bot) -> Any:
    """Make a handler that does so. Each of its calls says something else."""

    async def handle(message: Message, bot: Bot) -> None:
        for number, action in enumerate(actions):
            text = f"call {number}"
            match action:
                case "say":
                    await message.answer(text)
                case "say anyway":
                    with suppress(Exception):
                        await message.answer(text)
                case "tell another chat":
                    await bot.send_message(-100 - number, text)
                case "rename":
                    await bot.set_my_name(name=text)
                case "have another bot say":
                    await other.send_message(7, text)
                case _:
                    chats = enumerate((7, 8, 9, 7))
                    said = [bot.send_message(chat, f"{text}, {n}") for n, chat in chats]
                    await asyncio.gather(*said, return_exceptions=True)

    return handle


async def weather(script: list[str], actions: list[str], warm: int) -> None:
    """Let an update have its turns, as a worker would, in this weather."""
    server = Server(cycle(script))
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    sessions = create_sessions(Settings(telegram_api_url=url, chat_rate=0, group_rate=0))
    keeper = GateKeeper()
    sessions.calls.middleware(keeper)
    try:
        await _turns(sessions, server, actions, warm)
        assert keeper.trespasses == []
    finally:
        await sessions.close()
        await runner.cleanup()


async def _turns(sessions: TelegramSessions, server: Server, actions: list[str], warm: int) -> None:
    stage = ApologeticStage(sessions)
    other = Bot("2:secret", session=sessions.calls)
    # Connections that are kept, of which each may turn out to be gone.
    await asyncio.gather(*(other.send_message(1, "warm") for _ in range(warm)))
    handler = handler_of(actions, other)
    for turn in range(TURNS):
        try:
            await stage.take(handler, again=turn > 0)
        except TurnBack as reason:
            await asyncio.sleep(back(stage.turn, reason.seconds).again_in)
        except Exception:  # noqa: BLE001 - the update would be a dead letter
            return
        else:
            return
        finally:
            server.check()


@pytest.fixture(autouse=True)
def quick_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CLOSING", 0.0)


QUICK = settings(max_examples=50, suppress_health_check=list(HealthCheck))
WEATHER = given(
    script=st.lists(st.sampled_from(list(ANSWERS)), min_size=1, max_size=6),
    actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=4),
    warm=st.sampled_from([0, 1, 10]),
)


def run(script: list[str], actions: list[str], warm: int) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(weather(script, actions, warm))


@QUICK
@WEATHER
@example(script=["lost"], actions=["say"], warm=10)
@example(script=["retry after 1"], actions=["rename"], warm=0)
@example(script=["retry after 4", "lost"], actions=["have another bot say"], warm=10)
@example(script=["retry after 700"], actions=["all at once", "say"], warm=0)
@example(script=["ok", "retry after 700"], actions=["say", "say"], warm=0)
@example(script=["bad gateway"], actions=["say anyway", "say"], warm=0)
def test_whatever_telegram_answers_calls_are_few_and_none_is_into_a_shut_gate(
    script: list[str], actions: list[str], warm: int
) -> None:
    run(script, actions, warm)


@pytest.mark.soak
@settings(QUICK, max_examples=3000, derandomize=False, database=None)
@WEATHER
def test_the_same_for_long(script: list[str], actions: list[str], warm: int) -> None:
    run(script, actions, warm)
