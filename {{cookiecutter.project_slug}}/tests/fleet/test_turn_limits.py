"""How long one turn may take, and what stops its clock; what becomes of one that is lost."""

import asyncio
from typing import Any

import pytest
from aiogram.types import ErrorEvent, Message

from fleet.turn import TurnLost
from tests.fleet.scripted import ScriptedTelegram, floods
from tests.fleet.stage import Stage, hang, say, say_in_a_group_of_tasks, say_twice


async def test_waiting_at_a_gate_takes_no_time_and_no_place(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    told: list[bool] = []
    scripted.script = [floods(2), floods(1)]
    await stage.take(say_twice, timeout=2.5, on_wait=told.append)  # the gates alone take 3 s
    assert told == [True, False] * 2
    assert scripted.calls[1, "sendMessage"] == 4

    async def wait_then_hang(message: Message) -> None:
        await message.answer("Hello")
        await hang(message)

    stage = Stage(stage.sessions)
    scripted.script = [floods(1)]
    with pytest.raises(TimeoutError):
        await stage.take(wait_then_hang, timeout=0.5)


async def test_a_turn_that_waits_can_be_cancelled(scripted: ScriptedTelegram, stage: Stage) -> None:
    waits = asyncio.Event()
    scripted.script = [floods(5)]  # for a longer one it would go back
    turn = asyncio.create_task(stage.take(say, on_wait=lambda _: waits.set()))
    await asyncio.wait([turn, asyncio.create_task(waits.wait())], return_when="FIRST_COMPLETED")
    assert waits.is_set()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert stage.failed == []


class TestATurnThatIsLost:
    async def test_makes_no_call(self, scripted: ScriptedTelegram, stage: Stage) -> None:
        answers = iter([True, False])
        with pytest.raises(TurnLost):
            await stage.take(say_twice, is_ours=lambda: next(answers))
        assert scripted.calls.total() == 1
        assert stage.failed == []

    async def test_is_known_to_be_although_a_group_of_tasks_keeps_quiet(
        self, scripted: ScriptedTelegram, stage: Stage
    ) -> None:
        with pytest.raises(TurnLost):
            await stage.take(say_in_a_group_of_tasks, is_ours=lambda: False)
        assert scripted.calls.total() == 0

    async def test_what_it_left_running_is_no_turns_any_more(
        self, scripted: ScriptedTelegram, stage: Stage
    ) -> None:
        is_over, left = asyncio.Event(), []

        async def leave(message: Message) -> None:
            async def later() -> None:
                await is_over.wait()
                await say(message)

            left.append(asyncio.create_task(later()))

        ours = iter([True])
        await stage.take(leave, is_ours=lambda: next(ours))
        is_over.set()
        await left[0]
        assert scripted.calls.total() == 1


class TestATimeOut:
    async def test_error_handlers_hear_of_it(
        self, scripted: ScriptedTelegram, stage: Stage
    ) -> None:
        async def apologise(event: ErrorEvent) -> None:
            assert event.update.message
            await event.update.message.answer("Sorry")

        stage.dispatcher.errors.handlers.clear()
        stage.dispatcher.errors.register(apologise)
        with pytest.raises(TimeoutError, match="2 s, see HANDLER_TIMEOUT"):
            await stage.take(hang, timeout=2.0)
        assert scripted.calls.total() == 1

    @pytest.mark.parametrize("where", ["update", "message"])
    async def test_a_middleware_that_hangs(self, stage: Stage, where: str) -> None:
        async def linger(*_: Any) -> None:
            await asyncio.Event().wait()

        stage.dispatcher.observers[where].outer_middleware(linger)
        with pytest.raises(TimeoutError):
            await stage.take(say, timeout=0.1)
        assert [type(error) for error in stage.failed] == [TimeoutError]

    async def test_an_error_handler_that_hangs(self, stage: Stage) -> None:
        async def linger(_: ErrorEvent) -> None:
            await asyncio.Event().wait()

        stage.dispatcher.errors.handlers.clear()
        stage.dispatcher.errors.register(linger)
        with pytest.raises(TimeoutError):
            await stage.take(hang, timeout=0.1)
