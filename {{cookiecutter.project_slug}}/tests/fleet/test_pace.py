"""The pace of a chat: what Telegram allows goes at once, what it does not waits, and no longer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.methods import (
    AnswerCallbackQuery,
    CopyMessages,
    DeleteMessage,
    EditMessageText,
    GetChat,
    SendChatAction,
    SendMediaGroup,
    SendMessage,
    SendRichMessageDraft,
    TelegramMethod,
)
from aiogram.types import InputMediaPhoto, Message
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.settings import Settings
from fleet.telegram.current import BROADCAST, REPLY, TIMER
from fleet.telegram.pace import FEW, MINUTE, Pace, Rates, messages_in
from fleet.telegram.session import TelegramSessions, create_sessions
from tests.fleet.dying import die_after
from tests.fleet.scripted import ScriptedTelegram
from tests.fleet.stage import Stage
from tests.fleet.test_gates import say, start_waiting

PHOTO = InputMediaPhoto(media="file")


@pytest.mark.parametrize(
    ("method", "count"),
    [
        (SendMessage(chat_id=1, text="a"), 1),
        (EditMessageText(chat_id=1, message_id=1, text="a"), 1),
        (SendMediaGroup(chat_id=1, media=[PHOTO, PHOTO]), 2),
        (CopyMessages(chat_id=1, from_chat_id=1, message_ids=[1, 2, 3]), 3),
        (SendChatAction(chat_id=1, action="typing"), 0),
        (SendRichMessageDraft.model_construct(chat_id=1, draft_id=1), 0),
        (DeleteMessage(chat_id=1, message_id=1), None),
        (AnswerCallbackQuery(callback_query_id="1"), None),
        (GetChat(chat_id=1), None),
    ],
)
def test_what_is_written_into_a_chat_counts(
    method: TelegramMethod[object], count: int | None
) -> None:
    assert messages_in(method) == count


class Time:
    """It stands still unless told."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def take_in_time(pace: Pace, time: Time, chat: str, count: int = 1) -> float:
    """Take places as soon as there are some; return when."""
    while left := await pace.take(1, chat, count):
        time.now += left
    return time.now


async def test_a_calm_chat_gets_a_burst_then_one_a_second() -> None:
    time = Time()
    pace = Pace(Rates(chat=1, burst=5, group=20), time)
    start = time.now
    taken = [await take_in_time(pace, time, "7") - start for _ in range(30)]
    assert taken == pytest.approx([0, 0, 0, 0, *range(26)])
    assert await take_in_time(pace, time, "8") == time.now, "another chat has a pace of its own"
    time.now += 60
    assert await pace.take(1, "7", 10) == 0, "an album goes as one"
    assert await pace.take(1, "7", 1) == pytest.approx(6), "and counts as many"


async def test_a_group_gets_so_many_in_any_minute() -> None:
    time = Time()
    pace = Pace(Rates(chat=1, burst=5, group=20), time)
    taken = [await take_in_time(pace, time, "-7") for _ in range(100)]
    for first, last in zip(taken, taken[20:], strict=False):
        assert last - first >= MINUTE
    assert taken[-1] - taken[0] < 5 * MINUTE, "and no fewer"


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 3)), max_size=60))
@settings(max_examples=200, deadline=None)
async def test_no_more_than_is_allowed_whoever_asks_when(asked: list[tuple[float, int]]) -> None:
    rates = Rates(chat=2, burst=4, group=10)
    time = Time()
    pace = Pace(rates, time)
    sent: list[float] = []
    for pause, count in asked:
        time.now += pause
        if await pace.take(1, "@group", count) == 0:
            sent += [time.now] * count
    for place, at in enumerate(sent):
        burst = sum(one < at + 3 for one in sent[place:])
        assert burst <= rates.burst + 3 * rates.chat + 2, "an album may be over by two"
        assert sum(one < at + 60 for one in sent[place:]) <= rates.group + 2


async def test_who_goes_first_finds_places_that_others_left() -> None:
    time = Time()
    pace = Pace(Rates(chat=1, burst=5, group=20), time)
    for _ in range(3):
        assert await pace.take(1, "-7", 1, BROADCAST) == 0
    assert await pace.take(1, "-7", 1, BROADCAST) == pytest.approx(1)
    assert await pace.take(1, "-7", 1, TIMER) == 0
    assert await pace.take(1, "-7", 1, TIMER) == pytest.approx(1)
    assert await pace.take(1, "-7", 1, REPLY) == 0
    time.now += 60
    narrow = Pace(Rates(chat=1, burst=1, group=1), time)
    assert await narrow.take(1, "-7", 1, BROADCAST) == 0, "a single place is anybody's"


async def test_chats_that_are_calm_are_forgotten() -> None:
    time = Time()
    pace = Pace(Rates(chat=1, burst=5, group=20), time)
    for number in range(10 * FEW):
        await pace.take(1, str(number), 1)
        time.now += 0.1
    assert len(pace._chats) <= 2 * FEW


@pytest.fixture
async def paced(scripted: ScriptedTelegram) -> AsyncIterator[TelegramSessions]:
    made = create_sessions(Settings(telegram_api_url=scripted.url, chat_rate=1, chat_burst=2))
    yield made
    await made.close()


async def test_a_call_beyond_the_pace_waits_and_what_only_shows_work_is_not_made(
    scripted: ScriptedTelegram, paced: TelegramSessions
) -> None:
    bot = Bot("1:secret", session=paced.calls)
    for _ in range(2):
        await bot(say(5))
    third = await start_waiting(bot, say(5))
    assert await bot(SendChatAction(chat_id=5, action="typing"))
    assert scripted.calls == {(1, "sendMessage"): 2}
    assert await bot(DeleteMessage(chat_id=5, message_id=1)), "what writes nothing does not wait"
    assert await bot(say(6))
    await third
    assert scripted.calls == {(1, "sendMessage"): 4, (1, "deleteMessage"): 1}


async def test_a_group_that_gets_few_a_minute_has_calls_wait_that_cannot_go_back(
    paced: TelegramSessions,
) -> None:
    paced.pace.rates = Rates(chat=0, burst=1, group=1)
    bot = Bot("1:secret", session=paced.calls)
    await bot(say(-5))
    with pytest.raises(TimeoutError):  # it is not refused
        await asyncio.wait_for(bot(say(-5)), 1.0)


@pytest.mark.parametrize("says_before", [False, True])
async def test_what_is_not_made_is_not_noted(
    scripted: ScriptedTelegram, paced: TelegramSessions, *, says_before: bool
) -> None:
    stage = Stage(paced)
    await paced.pace.take(stage.member.id, "7", 1 if says_before else 2)
    seen = []

    async def work(message: Message) -> None:
        if says_before:
            await message.answer("Hello")
        seen.append(await SendChatAction(chat_id=7, action="typing").as_(stage.member.bot))

    await die_after(stage, work)
    assert seen == [True, True]
    assert scripted.calls == ({(1, "sendMessage"): 1} if says_before else {})
