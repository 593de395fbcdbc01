"""What a turn has done is not done again by the next turn of its update."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage
from aiogram.types import BufferedInputFile, FSInputFile, InputFile, Message
from aiohttp import web
from structlog.testing import capture_logs

from fleet.telegram import gates
from fleet.turn import Turn, TurnBack
from tests.fleet.dying import Died, die_after
from tests.fleet.scripted import ScriptedTelegram, answers, fails, floods
from tests.fleet.stage import Stage
from tests.waiting import until


def sent(number: int, text: str = "") -> dict[str, Any]:
    chat = {"id": 7, "type": "private"}
    return {"ok": True, "result": {"message_id": number, "date": 1, "chat": chat, "text": text}}


async def test_an_answered_call_gives_the_same_answer_again_as_its_own_type(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    seen = []
    scripted.script = [answers(sent(41, "Hello/\\u2028😀"))]

    async def say(message: Message) -> None:
        seen.append(await message.answer("Hello"))

    await die_after(stage, say)
    assert scripted.calls[1, "sendMessage"] == 1
    first, second = seen
    assert isinstance(second, Message)
    assert second == first
    assert second.bot is stage.member.bot


async def test_the_same_call_twice_is_two_calls(scripted: ScriptedTelegram, stage: Stage) -> None:
    numbers = []
    scripted.script = [answers(sent(1)), answers(sent(2)), answers(sent(3))]

    async def say(message: Message) -> None:
        numbers.append((await message.answer("Hello")).message_id)
        numbers.append((await message.answer("Hello")).message_id)

    await die_after(stage, say)
    assert numbers == [1, 2, 1, 2]


@pytest.mark.parametrize(
    "differs",
    [{"text": "Other"}, {"chat_id": 8}, {"parse_mode": ParseMode.HTML}, {"reply_markup": None}],
)
async def test_another_call_goes_out(
    scripted: ScriptedTelegram, stage: Stage, differs: dict[str, Any]
) -> None:
    attempts = 0

    async def say(message: Message) -> None:
        nonlocal attempts
        attempts += 1
        same = {"chat_id": 7, "text": "Hello", "parse_mode": ParseMode.MARKDOWN}
        assert message.bot
        await message.bot.send_message(**(same | (differs if attempts == 2 else {})))  # type: ignore[arg-type]

    await die_after(stage, say)
    assert scripted.calls[1, "sendMessage"] == (1 if differs == {"reply_markup": None} else 2)


async def test_what_failed_and_what_only_asks_is_done_again(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    scripted.script = [fails(400, "Bad Request: no")]

    async def look(message: Message) -> None:
        assert message.bot
        with pytest.raises(TelegramBadRequest):
            await message.answer("Hello")
        await message.bot.get_me()
        scripted.script = [fails(400, "Bad Request: no")]

    await die_after(stage, look)
    assert scripted.calls == {(1, "sendMessage"): 2, (1, "getMe"): 2}


async def test_an_attempt_that_failed_before_does_not_shift_the_others(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    scripted.script = [fails(400, "Bad Request: no"), answers(sent(1))]

    async def insist(message: Message) -> None:
        try:
            await message.answer("Hello")
        except TelegramBadRequest:
            await message.answer("Hello")

    await die_after(stage, insist)
    assert scripted.calls[1, "sendMessage"] == 2, "none in the second turn"


async def test_gathered_calls_and_those_of_other_bots_are_noted(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    async def spread(message: Message) -> None:
        assert message.bot
        other = Bot("2:secret", session=message.bot.session)
        bots = [message.bot] * 5 + [other]
        await asyncio.gather(*(bot.send_message(7, "Hello") for bot in bots))

    await die_after(stage, spread)
    assert scripted.calls == {(1, "sendMessage"): 5, (2, "sendMessage"): 1}


async def test_what_is_on_its_way_beside_a_call_that_has_the_turn_go_back_is_noted(
    scripted: ScriptedTelegram, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`gather` leaves it to itself; what comes after it is the next turn's."""
    refused, charges = asyncio.Event(), list[str]()

    async def refuse(request: web.Request) -> web.StreamResponse:
        refused.set()
        return await floods(1)(request)

    async def be_slow(request: web.Request) -> web.StreamResponse:
        await refused.wait()
        await asyncio.sleep(0.1)  # so that the turn has time to end before
        return await answers(sent(1))(request)

    async def say_two(message: Message) -> None:
        await message.answer("one")
        await message.answer("two")

    async def tell(message: Message) -> None:
        await scripted.until_called("sendMessage", 1)
        await SendMessage(chat_id=8, text="told").as_(stage.member.bot)

    async def charge() -> None:
        await refused.wait()
        await asyncio.sleep(0.5)  # and is there when all calls are answered
        charges.append("charged")

    async def gather(message: Message, turn: Turn) -> None:
        once = turn.once("charge", charge)
        await asyncio.gather(say_two(message), once, tell(message))

    monkeypatch.setattr(gates, "SHORT_WAIT", 0.1)
    scripted.script = [be_slow, refuse]
    with pytest.raises(TurnBack):
        await stage.take(gather)
    assert len(stage.turn.notes) == 2, "what comes later nobody would write down"

    async def is_open() -> bool:
        return not stage.sessions.gates.shut_now()

    await until(is_open, "the gate is open")
    await stage.take(gather, again=True)
    assert scripted.chats == [7, 8, 7, 8]
    assert charges == ["charged"]


class Stream(InputFile):
    """A file that comes from somewhere, once."""

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        del bot
        yield b"once"


async def test_files_count_by_their_content(
    scripted: ScriptedTelegram, stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "price.txt"
    path.write_bytes(b"5 EUR")
    scripted.script = [answers(sent(number)) for number in range(6)]

    async def send(message: Message) -> None:
        await message.answer_document(BufferedInputFile(b"x" * 200_000, "x.bin"))
        await message.answer_document(FSInputFile(path))
        path.write_bytes(b"6 EUR")

    await die_after(stage, send)
    assert scripted.calls[1, "sendDocument"] == 3, "the one that has changed goes out again"
    assert not any(b"EUR" in part for note in stage.turn.noted.items() for part in note)


async def test_a_stream_is_sent_again(scripted: ScriptedTelegram, stage: Stage) -> None:
    scripted.script = [answers(sent(number)) for number in range(2)]

    async def send(message: Message) -> None:
        await message.answer_document(Stream("x.bin"))

    with capture_logs() as logs:
        await die_after(stage, send)
    assert scripted.calls[1, "sendDocument"] == 2
    assert {"a call with a stream is not noted"} <= {line["event"] for line in logs}


@pytest.mark.parametrize(("limit", "value"), [("MOST_NOTES", 2), ("MOST_BYTES", 250)])
async def test_a_turn_that_does_too_much_goes_on_without(
    scripted: ScriptedTelegram,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
) -> None:
    monkeypatch.setattr(f"fleet.turn.journal.{limit}", value)

    async def talk(message: Message) -> None:
        for n in range(5):
            await message.answer(f"Hello {n}")

    with capture_logs() as logs:
        await die_after(stage, talk)
    assert scripted.calls[1, "sendMessage"] == 8, "two were noted"
    said = [line for line in logs if "does too much" in line["event"]]
    assert len(said) == 2, "once in each turn"


async def test_what_a_task_calls_after_its_turn_is_not_noted(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    go_on, tasks = asyncio.Event(), []

    async def leave(message: Message) -> None:
        async def later() -> None:
            await go_on.wait()
            await message.answer("Later")

        tasks.append(asyncio.create_task(later()))

    await stage.take(leave)
    go_on.set()
    await tasks[0]
    assert scripted.calls[1, "sendMessage"] == 1
    assert stage.turn.notes == []


class TestTurn:
    async def test_has_an_id_that_stays_and_an_attempt_that_counts(self, stage: Stage) -> None:
        seen = []

        async def look(_: Message, turn: Turn) -> None:
            seen.append((turn.id, turn.attempt))

        await stage.take(look)
        await stage.take(look, again=True)
        assert seen == [("1:1", 1), ("1:1", 2)]

    async def test_does_once_what_came_to_its_end(self, stage: Stage) -> None:
        charged: list[int] = []
        receipts: list[Any] = []

        async def charge(amount: int) -> dict[str, Any]:
            charged.append(amount)
            if len(charged) == 1:
                raise Died
            return {"amount": amount, "lines": (1, 2)}

        async def sell(_: Message, turn: Turn) -> None:
            receipts.append(await turn.once("charge", charge, 5))
            receipts.append(await turn.once("count", len, "four"))
            raise Died

        for attempt in range(3):
            with pytest.raises(Died):
                await stage.take(sell, again=attempt > 0)
        assert charged == [5, 5], "the first did not come to its end"
        assert receipts == [{"amount": 5, "lines": [1, 2]}, 4] * 2

    async def test_tells_that_json_cannot_hold_a_result(self, stage: Stage) -> None:
        async def sell(_: Message, turn: Turn) -> None:
            await turn.once("charge", object)

        with pytest.raises(TypeError):
            await stage.take(sell)
