"""What is sent as JSON says what aiogram's form would have said."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.enums import ParseMode
from aiogram.methods import (
    AnswerCallbackQuery,
    BanChatMember,
    CopyMessages,
    GetMe,
    SendDice,
    SendLocation,
    SendMessage,
    SendPhoto,
    SendPoll,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputPollOption,
    LinkPreviewOptions,
    WebAppInfo,
)

from fleet.intake.polling import GetRawUpdates
from fleet.telegram.plain import plain
from fleet.telegram.session import TelegramSessions

KEYBOARD = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text="a", callback_data="b")],
        [InlineKeyboardButton(text="open", web_app=WebAppInfo(url="https://example.com"))],
    ]
)
DEFAULTS = DefaultBotProperties(parse_mode="HTML", disable_notification=True)
ENUM = DefaultBotProperties(parse_mode=ParseMode.HTML)


@pytest.mark.parametrize("defaults", [None, DEFAULTS, ENUM])
@pytest.mark.parametrize(
    "method",
    [
        GetMe(),
        SendMessage(chat_id=7, text="Grüße <b>/</b>"),
        SendMessage(chat_id="@a", text="a", parse_mode=None, protect_content=False),
        SendMessage(chat_id=7, text="a", reply_markup=KEYBOARD),
        SendMessage(chat_id=7, text="a", reply_markup=ForceReply(selective=True)),
        SendMessage(chat_id=7, text="a", unknown_to_aiogram="x"),
        SendMessage(chat_id=7, text="a", parse_mode=ParseMode.HTML),
        SendLocation(chat_id=-100, latitude=0, longitude=-1.5),
        SendDice(chat_id=7, emoji=""),
        SendPhoto(chat_id=7, photo="file-id", caption="c"),
        AnswerCallbackQuery(callback_query_id="1", show_alert=True, cache_time=0),
        CopyMessages(chat_id=7, from_chat_id=7, message_ids=[1, 2]),
        GetRawUpdates(offset=-1, timeout=30, allowed_updates=["message", "poll"]),
        GetRawUpdates(allowed_updates=[]),
    ],
)
def test_json_says_what_the_form_says(
    sessions: TelegramSessions, method: TelegramMethod[Any], defaults: DefaultBotProperties | None
) -> None:
    session, files = sessions.calls, dict[str, Any]()
    bot = Bot("1:secret", session=session, default=defaults)
    form = {
        name: text
        for name, value in method.model_dump(warnings=False).items()
        if (text := session.prepare_value(value, bot=bot, files=files))
    }
    parameters = plain(bot, method)
    assert parameters is not None
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in parameters.items()
    }
    assert texts == form
    assert not files


@pytest.mark.parametrize(
    "method",
    [
        SendPhoto(chat_id=7, photo=BufferedInputFile(b"x", "x.jpg")),
        BanChatMember(chat_id=7, user_id=1, until_date=timedelta(1)),
        SendPoll(chat_id=7, question="q", options=["a", InputPollOption(text="b")]),
        SendMessage(chat_id=7, text="a", link_preview_options=LinkPreviewOptions()),
    ],
)
def test_what_must_be_translated_is_left_to_aiogram(method: TelegramMethod[Any]) -> None:
    assert plain(Bot("1:secret"), method) is None
