"""Mini Apps: what they are told, and the messages that come of them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    KeyboardButton,
    MenuButtonWebApp,
    ReplyKeyboardMarkup,
    WebAppInfo,
)
from aiogram.utils.web_app import safe_parse_webapp_init_data

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN
from tests.sandbox.test_groups import drain, team
from tests.sandbox.test_sending import YES

pytestmark = pytest.mark.usefixtures("fitting")
APP = WebAppInfo(url="https://example.com/app")
INLINE = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Open", web_app=APP)]])
REPLY = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Choose", web_app=APP)]])
ARTICLE = InlineQueryResultArticle(
    id="1", title="T", input_message_content=InputTextMessageContent(message_text="from the app")
)
WITH_BUTTON = ARTICLE.model_copy(update={"reply_markup": YES})


async def opened(sandbox: SandboxClient, bot: Bot) -> dict[str, Any]:
    """Alice opens the app of an inline button."""
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_message(ALICE, "x", reply_markup=INLINE)
    answer: dict[str, Any] = await sandbox.ask(
        "open_app", bot_id=BOT_ID, user_id=ALICE, message_id=sent.message_id
    )
    await drain(bot)
    return answer


async def test_what_an_app_is_told_is_signed(sandbox: SandboxClient, bot: Bot) -> None:
    answer = await opened(sandbox, bot)
    told = safe_parse_webapp_init_data(TOKEN, answer["init_data"])
    assert told.user
    assert (told.user.id, told.user.first_name, told.query_id) == (
        ALICE,
        "Alice",
        answer["query_id"],
    )
    with pytest.raises(ValueError, match="Invalid"):
        safe_parse_webapp_init_data("1:x", answer["init_data"])
    url = urlsplit(answer["url"])
    assert url.netloc + url.path == "example.com/app"
    assert parse_qs(url.fragment)["tgWebAppData"] == [answer["init_data"]]


async def test_a_bot_answers_an_app_once(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    answer = await opened(sandbox, bot)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await second.answer_web_app_query(answer["query_id"], ARTICLE)
    sent = await bot.answer_web_app_query(answer["query_id"], WITH_BUTTON)
    [update] = await drain(bot)
    assert update["message"]["text"] == "from the app"
    assert update["message"]["from_user"]["id"] == ALICE
    assert update["message"]["via_bot"]["id"] == BOT_ID
    assert await bot.edit_message_text("edited", inline_message_id=sent.inline_message_id)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_web_app_query(answer["query_id"], ARTICLE)


async def test_the_menu_button_opens_an_app(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    with pytest.raises(SandboxError, match="opens no app"):
        await sandbox.ask("open_app", bot_id=BOT_ID, user_id=ALICE)
    await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(text="Shop", web_app=APP))
    answer = await sandbox.ask("open_app", bot_id=BOT_ID, user_id=ALICE)
    sent = await bot.answer_web_app_query(answer["query_id"], ARTICLE)
    assert sent.inline_message_id is None


async def test_an_app_behind_a_reply_keyboard_sends_data(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_message(ALICE, "x", reply_markup=REPLY)
    where: dict[str, Any] = {"bot_id": BOT_ID, "user_id": ALICE, "message_id": sent.message_id}
    answer = await sandbox.ask("open_app", **where)
    assert (answer["init_data"], "query_id" in answer) == ("", False)
    await sandbox.ask("send_app_data", **where, data="red", button="Choose")
    [*_, update] = await drain(bot)
    assert update["message"]["web_app_data"] == {"data": "red", "button_text": "Choose"}
    with pytest.raises(SandboxError, match="has no button 'Open' that opens an app"):
        await sandbox.ask("open_app", **where, button="Open")


async def test_a_prepared_message_is_shared(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    prepared = await bot.save_prepared_inline_message(ALICE, ARTICLE, allow_group_chats=True)
    share: dict[str, Any] = {"bot_id": BOT_ID, "user_id": ALICE, "prepared_id": prepared.id}
    answer = await sandbox.ask("share_message", **share, chat_id=chat_id)
    assert answer["message"]["text"] == "from the app"
    assert answer["message"]["via_bot"]["id"] == BOT_ID
    with pytest.raises(SandboxError, match="may be sent to a group only"):
        await sandbox.ask("share_message", **share)
    with pytest.raises(SandboxError, match="has prepared no"):
        await sandbox.ask("share_message", **share | {"user_id": 8})
    with pytest.raises(TelegramBadRequest, match="at least one chat type must be allowed"):
        await bot.save_prepared_inline_message(ALICE, ARTICLE)
