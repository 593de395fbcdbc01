"""Flood control of a chat or a method holds back the calls of that one alone."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import SendMessage, SetMyName, TelegramMethod

from fleet.tasks import end
from fleet.telegram import gates
from fleet.telegram.current import current_turn
from fleet.telegram.gate import Gate
from fleet.telegram.gates import GateShut
from fleet.telegram.session import TelegramSessions
from tests.fleet.scripted import ScriptedTelegram, floods
from tests.waiting import until


class Waits:
    """A turn that notes whether one of its calls waits. It has done too much to go back."""

    journal = None
    spare = 0

    def __init__(self) -> None:
        self.now = 0

    def park(self, bot_id: int, seconds: float) -> bool:
        del bot_id, seconds
        return False

    def check(self) -> None:
        """Be ours."""

    def calling(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        self.now += 1
        yield
        self.now -= 1


@pytest.fixture
def bots(sessions: TelegramSessions) -> list[Bot]:
    return [Bot(f"{number}:secret", session=sessions.calls) for number in (1, 2)]


def say(chat: int | str) -> SendMessage:
    return SendMessage(chat_id=chat, text="Hello")


async def start_waiting(bot: Bot, method: TelegramMethod[Any]) -> asyncio.Task[None]:
    """Make the call in a task, and return when it waits at a gate."""
    turn = Waits()

    async def call() -> None:
        current_turn.set(turn)
        await bot(method)

    task = asyncio.create_task(call())

    async def waits() -> bool:
        return bool(turn.now)

    await until(waits, "the call waits at a gate")
    return task


@pytest.mark.parametrize(("method", "another"), [(say(5), say(6)), (SetMyName(name="A"), say(5))])
async def test_a_gate_holds_back_its_own_calls_alone(
    scripted: ScriptedTelegram,
    sessions: TelegramSessions,
    bots: list[Bot],
    method: TelegramMethod[Any],
    another: TelegramMethod[Any],
) -> None:
    flooded, other = bots
    began = time.monotonic()
    scripted.script = [floods(1)]
    calls = [await start_waiting(flooded, method), await start_waiting(flooded, method)]
    assert scripted.calls.total() == 1, "the second call waits, too"
    await flooded(another)
    await other(method)
    assert not any(call.done() for call in calls), "no other call has waited"
    assert sessions.flood_wait(1) == 0, "the bot itself goes on"
    await asyncio.gather(*calls)
    assert time.monotonic() - began >= 1
    assert scripted.calls.total() == 5


async def test_three_chats_of_a_bot_shut_its_own_gate(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bots: list[Bot]
) -> None:
    flooded, other = bots
    scripted.script = [floods(20)] * 3
    calls = [await start_waiting(flooded, say(chat)) for chat in (1, "@two")]
    assert sessions.flood_wait(1) == 0
    calls.append(await start_waiting(flooded, say(3)))
    assert 19 < sessions.flood_wait(1) <= 20
    calls.append(await start_waiting(flooded, say(4)))
    calls.append(await start_waiting(flooded, SetMyName(name="A")))
    assert scripted.calls.total() == 3
    assert await other(say(1))
    assert sessions.flood_wait(2) == 0
    await end(calls)


async def test_chats_that_are_flooded_one_after_the_other_do_not_shut_it(
    scripted: ScriptedTelegram,
    sessions: TelegramSessions,
    bots: list[Bot],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "SOON", 0.0)
    scripted.script = [floods(20)] * 4
    await end([await start_waiting(bots[0], say(chat)) for chat in range(1, 5)])
    assert sessions.flood_wait(1) == 0


async def test_a_gate_shut_for_long_is_told_at_once(
    scripted: ScriptedTelegram, bots: list[Bot]
) -> None:
    scripted.script = [floods(600)]
    for _ in range(2):
        with pytest.raises(GateShut, match=r"in chat 5\. Retry in 600 seconds"):
            await bots[0](say(5))
    assert scripted.calls.total() == 1, "the second call is not even made"
    assert await bots[0](say(6))


async def test_a_call_that_is_refused_again_and_again_is_given_up(
    scripted: ScriptedTelegram, bots: list[Bot]
) -> None:
    scripted.script = [floods(1)] * 9
    with pytest.raises(GateShut):
        await bots[0](say(5))
    assert scripted.calls.total() == gates.MOST_REFUSALS


async def test_gates_that_are_open_again_take_no_memory() -> None:
    known = gates.Gates()
    for chat in range(100):
        known.hear({Gate(1, chat=str(chat)): 0.0})
    assert len(known._open_at) == 1
