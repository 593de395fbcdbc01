"""Games and their scores."""

import base64
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Message

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID
from tests.sandbox.media import png
from tests.sandbox.test_groups import drain, team

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9


async def test_a_game_is_played(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    sent = await bot.send_game(chat_id, "chess")
    assert sent.reply_markup
    assert sent.reply_markup.inline_keyboard[0][0].callback_game
    where: dict[str, Any] = {"chat_id": chat_id, "message_id": sent.message_id}
    pressed = await sandbox.ask("play", user_id=BOB, **where)
    query = (await drain(bot))[-1]["callback_query"]
    assert (query["game_short_name"], query.get("data")) == ("chess", None)
    assert await bot.answer_callback_query(query["id"], url="https://example.com/chess")
    notice = await sandbox.ask("notice", query_id=pressed["query_id"])
    assert notice["url"] == "https://example.com/chess"
    for user_id, score in ((ALICE, 5), (BOB, 9)):
        message = await bot.set_game_score(user_id, score, **where)
    assert isinstance(message, Message)
    assert message.game
    assert message.game.text == "1. Bob – 9\n2. Alice – 5"
    assert (await bot.send_game(chat_id, "chess")).game == message.game  # once more
    best = await bot.get_game_high_scores(ALICE, **where)
    assert [(one.position, one.user.id, one.score) for one in best] == [(1, BOB, 9), (2, ALICE, 5)]
    with pytest.raises(TelegramBadRequest, match="BOT_SCORE_NOT_MODIFIED"):
        await bot.set_game_score(BOB, 9, **where)
    await bot.set_game_score(BOB, 1, force=True, disable_edit_message=True, **where)
    best = await bot.get_game_high_scores(ALICE, **where)
    assert [one.user.id for one in best] == [ALICE, BOB]


async def test_a_game_that_botfather_knows(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    data = base64.b64encode(png(100, 50)).decode()
    about = {"title": "Chess!", "description": "A game of two", "photo": data, "animation": data}
    told: dict[str, Any] = {"bot_id": BOT_ID, "short_name": "chess", **about}
    await sandbox.ask("add_game", **told)
    sent = await bot.send_game(ALICE, "chess")
    assert sent.game
    assert (sent.game.title, sent.game.description) == ("Chess!", "A game of two")
    assert [one.width for one in sent.game.photo] == [90, 100]
    assert sent.game.animation
    assert await bot.get_file(sent.game.animation.file_id)
    await sandbox.ask("play", bot_id=BOT_ID, message_id=sent.message_id)
    query = (await drain(bot))[-1]["callback_query"]
    assert query["game_short_name"] == "chess"


async def test_what_is_no_game(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_message(ALICE, "x")
    where: dict[str, Any] = {"chat_id": ALICE, "message_id": sent.message_id}
    with pytest.raises(TelegramBadRequest, match="MESSAGE_ID_INVALID"):
        await bot.set_game_score(ALICE, 5, **where)
    with pytest.raises(SandboxError, match="is no game"):
        await sandbox.ask("play", bot_id=BOT_ID, message_id=sent.message_id)
    game = await bot.send_game(ALICE, "chess")
    where["message_id"] = game.message_id
    with pytest.raises(TelegramBadRequest, match="SCORE_INVALID"):
        await bot.set_game_score(ALICE, -1, **where)
    assert await bot.get_game_high_scores(ALICE, **where) == []
