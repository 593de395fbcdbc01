"""Calls for a group that has become a supergroup go there."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.methods import (
    CopyMessage,
    DeleteMessages,
    EditMessageText,
    SendMessage,
    SetChatTitle,
    TelegramMethod,
)
from aiogram.types import Message, ReplyParameters

from fleet.telegram import moves as moves_module
from fleet.telegram.gate import Gate
from fleet.telegram.gates import GateShut
from fleet.telegram.moves import Move, Moves, move_of
from fleet.telegram.session import TelegramSessions
from tests.fleet.scripted import ScriptedTelegram, fails
from tests.fleet.stage import Stage

OLD, NEW = -5, -1005
MOVED = fails(
    400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=NEW
)


@pytest.fixture
def bot(sessions: TelegramSessions) -> Bot:
    return Bot("1:secret", session=sessions.calls)


@pytest.fixture
def told(sessions: TelegramSessions) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    sessions.moves.on_note = lambda *move: found.append(move)
    return found


@pytest.mark.parametrize(
    "method",
    [
        SendMessage(chat_id=OLD, text="Hello"),
        SendMessage(chat_id=str(OLD), text="Hello"),
        SetChatTitle(chat_id=OLD, title="Hikers"),
        CopyMessage(chat_id=OLD, from_chat_id=7, message_id=1),
    ],
)
async def test_a_call_is_sent_again_there_once_and_later_ones_go_there_at_once(
    scripted: ScriptedTelegram,
    bot: Bot,
    told: list[tuple[int, int, int]],
    method: TelegramMethod[Any],
) -> None:
    scripted.script = [MOVED]
    assert await bot(method)
    assert scripted.chats == [OLD, NEW]
    assert await bot(method)
    assert scripted.chats[2:] == [NEW]
    assert told == [(1, OLD, NEW)]


async def test_it_is_another_bots_group_as_before(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bot: Bot
) -> None:
    scripted.script = [MOVED]
    await bot.send_message(OLD, "Hello")
    await Bot("2:secret", session=sessions.calls).send_message(OLD, "Hello")
    assert scripted.chats == [OLD, NEW, OLD]


async def test_one_that_is_refused_there_is_the_handlers_and_names_the_group_that_it_knows(
    scripted: ScriptedTelegram, bot: Bot
) -> None:
    scripted.script = [MOVED, MOVED]
    with pytest.raises(TelegramMigrateToChat):
        await bot.send_message(OLD, "Hello")
    assert scripted.calls.total() == 2
    scripted.script = [fails(403, "Forbidden: bot was kicked from the supergroup chat")]
    with pytest.raises(TelegramForbiddenError) as caught:
        await bot.send_message(OLD, "Hello")
    assert scripted.chats[2:] == [NEW]
    assert isinstance(caught.value.method, SendMessage)
    assert caught.value.method.chat_id == OLD


@pytest.mark.parametrize(
    "method",
    [
        EditMessageText(chat_id=OLD, message_id=3, text="Hello"),
        DeleteMessages(chat_id=OLD, message_ids=[3]),
    ],
)
async def test_one_that_names_a_message_stays_in_the_group_where_that_is(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bot: Bot, method: TelegramMethod[Any]
) -> None:
    scripted.script = [MOVED]
    with pytest.raises(TelegramMigrateToChat):
        await bot(method)
    assert sessions.moves.new_id(1, OLD) == NEW, "others follow"
    assert await bot(method)
    assert scripted.chats == [OLD] * 2


@pytest.mark.parametrize("known", [False, True])
async def test_a_reply_is_a_message_without_the_reply(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bot: Bot, *, known: bool
) -> None:
    if known:
        sessions.moves.note(Move(1, OLD, NEW))
    else:
        scripted.script = [MOVED]
    here, elsewhere = ReplyParameters(message_id=3), ReplyParameters(message_id=3, chat_id=9)
    await bot.send_message(OLD, "Hello", reply_parameters=here)
    assert "reply_parameters" not in scripted.parameters[-1]
    await bot.send_message(OLD, "Hello", reply_parameters=elsewhere)
    assert "reply_parameters" in scripted.parameters[-1]


async def test_the_gate_of_the_supergroup_holds_it_back(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bot: Bot
) -> None:
    sessions.gates.shut(Gate(1, chat=str(NEW)), 600)
    scripted.script = [MOVED]
    for _ in range(2):
        with pytest.raises(GateShut):
            await bot.send_message(OLD, "Hello")
    assert scripted.chats == [OLD]


async def test_a_turn_begun_again_finds_its_answer_under_what_the_handler_has_asked(
    scripted: ScriptedTelegram, stage: Stage
) -> None:
    answers = []

    async def say(message: Message) -> None:
        assert message.bot
        answers.append(await message.bot.send_message(OLD, "Hello"))

    scripted.script = [MOVED]
    await stage.take(say)
    await stage.take(say, again=True)
    assert scripted.chats == [OLD, NEW]
    assert answers[0] == answers[1]


async def test_an_error_of_another_kind_is_not_followed(
    scripted: ScriptedTelegram, sessions: TelegramSessions, bot: Bot
) -> None:
    scripted.script = [fails(400, "Bad Request: message is too long")]
    with pytest.raises(TelegramAPIError):
        await bot.send_message(OLD, "Hello")
    assert not sessions.moves


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("1:-5:7", "1:-1005:7"),
        ("1:-5:7/checkout", "1:-1005:7/checkout"),
        ("1:-5:-5", "1:-1005:-1005"),
        ("1:-5:-5/stop", "1:-1005:-1005/stop"),
    ],
)
async def test_a_conversation_goes_on_there(before: str, now: str) -> None:
    moves = Moves()
    assert moves.now(before) == before
    assert moves.before(now) is None
    moves.note(Move(1, OLD, NEW))
    assert moves.now(before) == now
    assert moves.before(now) == before
    for other in ("2:-5:7", "1:7:7", "1:job:digest", "1:poll:5", "1:-1005:7"):
        assert moves.now(other) == other
    assert moves.before("1:-5:7") is None


async def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves_module, "MOST", 2)
    moves = Moves()
    for number in (1, 2, 3):
        moves.note(Move(1, -number, -1000 - number))
    known = [(moves.new_id(1, -number), moves.old_id(1, -1000 - number)) for number in (1, 2, 3)]
    assert known == [(None, None), (-1002, -2), (-1003, -3)]


@pytest.mark.parametrize(
    "message",
    [
        {"chat": {"id": OLD}, "migrate_to_chat_id": NEW},
        {"chat": {"id": NEW}, "migrate_from_chat_id": OLD},
    ],
)
def test_telegram_tells_of_it_in_both(message: dict[str, Any]) -> None:
    assert move_of(1, {"update_id": 1, "message": message}) == Move(1, OLD, NEW)


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"chat": {"id": OLD}, "text": "migrate_to_chat_id"}},
        {"message": {"chat": {"id": OLD}, "migrate_to_chat_id": "x"}},
        {"message": {"chat": {"id": "x"}, "migrate_to_chat_id": NEW}},
        {"message": {"migrate_to_chat_id": NEW}},
        {"message": None},
        {"callback_query": {"data": "migrate_to_chat_id"}},
    ],
)
def test_what_only_looks_like_it_is_none(update: dict[str, Any]) -> None:
    assert move_of(1, update) is None
