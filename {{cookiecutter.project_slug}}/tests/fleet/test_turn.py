"""One turn, in this process, against a Telegram that says no: what is made of its errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.methods import SendMessage
from aiogram.types import ErrorEvent, Message
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from fleet.bots.member import BotState, Member
from fleet.telegram.current import TurnLost
from fleet.telegram.session import TelegramSessions
from fleet.turn import TurnBack, TurnTaker, taker
from tests.fleet.scripted import Answer, ScriptedTelegram, fails, floods
from tests.proofs.mail import text

UPDATE = orjson.dumps(text(1))
Handler = Callable[[Message], Awaitable[Any]]


class Stage:
    """A bot with one handler, and a dispatcher of its own."""

    def __init__(self, sessions: TelegramSessions) -> None:
        self.member = Member(Bot("1:secret", session=sessions.calls), role=None)
        self.dispatcher = Dispatcher()
        self.failed: list[Exception] = []
        """What error handlers heard of."""
        self.dispatcher.errors.register(self._apologise)
        self.redis = Redis()  # no state is written
        self.sessions = sessions
        self._taker: TurnTaker | None = None

    async def _apologise(self, event: ErrorEvent) -> None:
        self.failed.append(event.exception)

    async def take(self, handler: Handler, *, timeout: float = 60.0, **options: Any) -> None:
        """Give an update its turn. The first one's handler and time-out hold for the next, too."""
        if self._taker is None:
            self.dispatcher.message.register(handler)
            self._taker = TurnTaker(self.dispatcher, self.redis, self.sessions.outages, timeout)
        await self._taker.take(self.member, UPDATE, **options)


@pytest.fixture
def stage(sessions: TelegramSessions) -> Stage:
    return Stage(sessions)


async def say(message: Message) -> None:
    await message.answer("Hello")


async def say_twice(message: Message) -> None:
    await message.answer("Hello")
    await message.answer("Hello again")


async def say_in_a_group_of_tasks(message: Message) -> None:
    async with asyncio.TaskGroup() as outer:

        async def inner() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(say(message))

        outer.create_task(inner())


async def hang(_: Message) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("handler", [say, say_in_a_group_of_tasks])
async def test_a_gate_shut_for_long_sends_the_turn_back(
    scripted: ScriptedTelegram, stage: Stage, handler: Handler
) -> None:
    scripted.script = [floods(600)]
    with pytest.raises(TurnBack) as caught:
        await stage.take(handler)
    assert caught.value.seconds == 600
    assert not caught.value.bot_is_down
    assert stage.failed == []


async def test_a_turn_that_has_said_something_does_not_say_it_again(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    async def speak_then_flood(message: Message) -> None:
        await message.answer("Hello")
        scripted.script = [floods(600)]
        await message.answer("Hello again")

    with pytest.raises(TelegramRetryAfter):
        await stage.take(speak_then_flood)
    assert [type(error).__name__ for error in stage.failed] == ["GateShut"]
    assert scripted.calls[1, "sendMessage"] == 2


async def test_what_says_nothing_may_be_done_again(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    async def look(message: Message) -> None:
        await message.bot.send_chat_action(7, "typing")  # type: ignore[union-attr]  # it has one
        scripted.script = [floods(600)]
        await message.answer("Hello")

    with pytest.raises(TurnBack):
        await stage.take(look)


async def test_waiting_at_a_gate_takes_no_time_and_no_place(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    told: list[bool] = []
    scripted.script = [floods(2), floods(1)]
    await stage.take(say_twice, timeout=1.0, on_wait=told.append)
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
    scripted.script = [floods(20)]
    turn = asyncio.create_task(stage.take(say, on_wait=lambda _: waits.set()))
    await waits.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert stage.failed == []


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
    with pytest.raises(TurnBack, match="refuses the token") as caught:
        await stage.take(say)
    assert caught.value.bot_is_down
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


async def test_a_method_that_fails_when_it_is_returned(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    async def answer(_: Message) -> SendMessage:
        return SendMessage(chat_id=7, text="Hello")

    scripted.script = [floods(600)]
    with pytest.raises(TurnBack):
        await stage.take(answer)


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
        with pytest.raises(TimeoutError, match=r"0\.1 s, see HANDLER_TIMEOUT"):
            await stage.take(hang, timeout=0.1)
        assert scripted.calls.total() == 1

    @pytest.mark.parametrize("where", ["update", "message"])
    async def test_a_middleware_that_hangs(self, stage: Stage, where: str) -> None:
        async def linger(*_: Any) -> None:
            await asyncio.Event().wait()

        stage.dispatcher.observers[where].outer_middleware(linger)
        with pytest.raises(TimeoutError):
            await stage.take(say, timeout=0.1)
        assert [type(error) for error in stage.failed] == [TimeoutError]

    async def test_an_error_handler_that_hangs(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def linger(_: ErrorEvent) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(taker, "ERRORS_TIME", 0.1)
        stage.dispatcher.errors.handlers.clear()
        stage.dispatcher.errors.register(linger)
        with pytest.raises(TimeoutError):
            await stage.take(hang, timeout=0.1)
