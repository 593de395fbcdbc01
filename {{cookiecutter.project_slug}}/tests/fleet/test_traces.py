"""Tracebacks of turns that fail begin where the user's own code does."""

import asyncio
import re
from collections.abc import Iterator
from types import TracebackType

import orjson
import pytest
from aiogram.types import Message
from pydantic import ValidationError

from fleet.worker.traces import trace_of
from tests.fleet.scripted import ScriptedTelegram, fails
from tests.fleet.stage import Handler, Stage, say


async def fail(_: Message) -> None:
    orjson.loads(await asyncio.to_thread(lambda: "no JSON"))


async def fail_for_a_reason(message: Message) -> None:
    try:
        await fail(message)
    except ValueError as error:
        raise LookupError("nothing there") from error


async def fail_in_a_task(message: Message) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fail(message))


async def sleep_long(_: Message) -> None:
    await asyncio.sleep(60)


async def trace(stage: Stage, handler: Handler, timeout: float = 60.0) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever it is
        await stage.take(handler, timeout=timeout)
    _, _, way, *_ = frames_of(caught.value)  # without those of this test
    return trace_of(caught.value.with_traceback(way))


def frames_of(error: BaseException) -> Iterator[TracebackType]:
    frame = error.__traceback__
    while frame:
        yield frame
        frame = frame.tb_next


def told(text: str) -> list[str]:
    """Name the functions in a traceback."""
    return re.findall(r"line \d+, in (\w+)", text)


@pytest.mark.parametrize(
    ("handler", "frames"),
    [
        (fail, ["fail"]),
        (fail_for_a_reason, ["fail_for_a_reason", "fail", "fail_for_a_reason"]),
        (fail_in_a_task, ["fail_in_a_task", "__aexit__", "fail"]),
        (say, ["say", "check_response"]),
    ],
)
async def test_none_is_of_the_way_to_the_handler(
    scripted: ScriptedTelegram, stage: Stage, handler: Handler, frames: list[str]
) -> None:
    scripted.script = [fails(400, "Bad Request: chat not found")]
    assert told(await trace(stage, handler)) == frames


async def test_of_a_handler_that_takes_too_long_it_tells_where_it_was(stage: Stage) -> None:
    text = await trace(stage, sleep_long, timeout=0.1)
    assert told(text)[0] == "sleep_long"
    assert len(told(text)) < 5


async def test_all_are_told_of_an_error_before_any_code_of_the_user(stage: Stage) -> None:
    with pytest.raises(ValidationError) as caught:
        await stage.dispatcher.feed_raw_update(stage.member.bot, {"update_id": "x"})
    _, way, *_ = frames_of(caught.value)
    text = trace_of(caught.value.with_traceback(way))
    assert told(text)[0] == "feed_raw_update"
    assert len(told(text)) > 1
