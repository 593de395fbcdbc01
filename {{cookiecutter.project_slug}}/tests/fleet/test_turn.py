"""What is made of the errors of one turn: begun again, or the handler's."""

import asyncio
import gc
import weakref
from contextlib import suppress

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter, TelegramServerError
from aiogram.methods import SendMessage
from aiogram.types import Message
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from fleet import inbox
from fleet.bots.member import BotState
from fleet.inbox.timers import TimerBook
from fleet.overlay import Overlay
from fleet.turn import Timers, Turn, TurnBack, TurnTaker
from tests.fleet.scripted import Answer, ScriptedTelegram, fails, floods
from tests.fleet.stage import Grip, Handler, Stage, say, say_in_a_group_of_tasks
from tests.process import free_port


async def say_without_regard(message: Message) -> None:
    with suppress(BaseException):
        await say(message)


@pytest.mark.parametrize("handler", [say, say_in_a_group_of_tasks, say_without_regard])
async def test_a_gate_shut_for_long_sends_the_turn_back(
    scripted: ScriptedTelegram, stage: Stage, handler: Handler
) -> None:
    scripted.script = [floods(600)]
    with pytest.raises(TurnBack) as caught:
        await stage.take(handler)
    assert caught.value.seconds == pytest.approx(600, abs=1)
    assert stage.failed == []


async def test_a_turn_that_does_more_than_is_noted_does_not_say_it_again(
    scripted: ScriptedTelegram, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.turn.journal.MOST_NOTES", 1)

    async def speak_then_flood(message: Message) -> None:
        await message.answer("Hello")
        await message.answer("Hello again")
        scripted.script = [floods(600)]
        await message.answer("And again")

    with pytest.raises(TelegramRetryAfter):
        await stage.take(speak_then_flood)
    assert [type(error).__name__ for error in stage.failed] == ["GateShut"]
    assert scripted.calls[1, "sendMessage"] == 3


async def test_telegram_that_is_away_sends_the_turn_back_and_none_is_begun(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    begun = 0

    async def count(message: Message) -> None:
        nonlocal begun
        begun += 1
        await say(message)

    async def come_back(after: float, calls: int) -> float:
        """Try the turn; tell after how many seconds it is to be tried again."""
        await asyncio.sleep(after)
        with pytest.raises(TurnBack) as caught:
            await stage.take(count)
        assert scripted.calls.total() == calls
        assert caught.value.seconds
        return caught.value.seconds

    scripted.script = [fails(502, "Bad Gateway")] * 3
    seconds = await come_back(0, calls=2)  # the handler's, and getMe
    seconds = await come_back(0, calls=2)  # it is known, and the next getMe not yet due
    seconds = await come_back(seconds, calls=3)  # getMe
    assert begun == 1
    await asyncio.sleep(seconds)
    await stage.take(count)
    assert begun == 2
    assert scripted.calls == {(1, "sendMessage"): 2, (1, "getMe"): 3}
    assert stage.failed == []


async def test_the_clock_of_a_sandbox_is_moved_once_redis_is_back(stage: Stage) -> None:
    async with Redis(port=free_port()) as away:
        book, outages = TimerBook(away, 1), stage.sessions.outages
        taker = TurnTaker(stage.dispatcher, outages, book, 60.0, is_sandbox=True)
        turn = inbox.Turn("1:clock:0", 0, 1, b'{"update_id":1,"clock":{"advanced_by":60}}')
        with pytest.raises(TurnBack):
            await taker.take(stage.member, turn, Overlay(away), Grip())


async def test_one_who_comes_when_the_probe_is_due_makes_it_for_all(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    scripted.script = [fails(502, "Bad Gateway")] * 2
    with pytest.raises(TurnBack) as caught:
        await stage.take(say)
    await asyncio.sleep(caught.value.seconds or 0)
    scripted.script = [fails(502, "Bad Gateway")] * 20
    ends = await asyncio.gather(*(stage.take(say) for _ in range(20)), return_exceptions=True)
    assert {type(end) for end in ends} == {TurnBack}
    assert scripted.calls.total() == 3


async def test_a_failed_call_while_telegram_answers_is_the_handlers_error(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    scripted.script = [fails(502, "Bad Gateway")]
    with pytest.raises(TelegramServerError):
        await stage.take(say)
    assert len(stage.failed) == 1
    assert scripted.calls == {(1, "sendMessage"): 1, (1, "getMe"): 1}


@pytest.mark.parametrize(
    "refusal", [fails(401, "Unauthorized"), fails(404, "Not Found"), fails(400, "Logged out")]
)
async def test_a_refused_token_sends_the_turn_back(
    scripted: ScriptedTelegram, stage: Stage, refusal: Answer
) -> None:
    scripted.script = [fails(401, "Unauthorized"), refusal]
    with pytest.raises(TurnBack, match="refuses the token"):
        await stage.take(say)
    assert stage.member.state is BotState.UNAUTHORIZED
    assert stage.failed == []


async def test_redis_that_is_away_sends_the_turn_back(stage: Stage) -> None:
    async def ask_redis(_: Message) -> None:
        raise RedisConnectionError("Error 111 connecting")

    with pytest.raises(TurnBack, match="Redis is away"):
        await stage.take(ask_redis)
    assert stage.failed == []


async def test_what_redis_refuses_is_the_handlers_error(stage: Stage) -> None:
    async def mistake(_: Message) -> None:
        raise ResponseError("WRONGTYPE as told")

    with pytest.raises(ResponseError):
        await stage.take(mistake)
    assert len(stage.failed) == 1


async def test_a_method_that_is_returned_fails_like_one_that_is_called(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    async def answer(_: Message) -> SendMessage:
        return SendMessage(chat_id=7, text="Hello")

    scripted.script = [floods(600)]
    with pytest.raises(TurnBack):
        await stage.take(answer)
    assert stage.failed == []
    stage = Stage(stage.sessions, bot_id=2)
    scripted.script = [fails(400, "Bad Request: as told")]
    with pytest.raises(TelegramBadRequest):
        await stage.take(answer)
    assert len(stage.failed) == 1


async def test_a_turn_that_is_over_leaves_no_work_for_the_garbage_collector(stage: Stage) -> None:
    """Cycles of thousands of turns a second would cost a fifth of all CPU."""
    seen: list[weakref.ref[object]] = []

    async def look(message: Message, turn: Turn, timers: Timers) -> None:
        await message.answer("Hello")
        seen.extend(map(weakref.ref, (message, turn, timers)))

    gc.disable()
    try:
        await stage.take(look)
        assert [one() for one in seen] == [None] * 3
    finally:
        gc.enable()
