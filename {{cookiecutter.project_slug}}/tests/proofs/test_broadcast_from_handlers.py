"""`fleet.broadcast`, as handlers call it."""

from typing import Any

import pytest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.bots.fleet import Fleet, FleetError
from fleet.bots.shared import Shared
from fleet.bots.tokens import BotToken
from fleet.broadcast.sending import METHODS
from fleet.directory.observer import Observer
from fleet.settings import Settings
from fleet.telegram.moves import Moves
from tests.proofs.mail import text

BOT = 1000001


async def accept(_: BotToken) -> None:
    """Find nothing wrong with a token."""


@pytest.fixture
def fleet(redis: Redis) -> Fleet:
    settings = Settings(bot_tokens=SecretStr(f"{BOT}:{'w' * 35}"))
    return Fleet(Shared.open(redis, settings), accept)


async def test_a_handler_sends_one_once_by_its_key(fleet: Fleet, redis: Redis) -> None:
    observer = Observer(redis, 64, Moves())
    for user in (5, 6):
        observer.update(BOT, text(1, user=user))
    await observer.write()
    name = await fleet.broadcast(BOT, text="News!", to="private,active=30d", key="1:2")
    assert await fleet.broadcast(BOT, text="News!", to="private,active=30d", key="1:2") == name
    assert await fleet.broadcast(BOT, text="News!", key="1:3") != name
    first = await fleet.broadcasts.get(name)
    assert first
    assert (first.total, first.state, first.bot_id) == (2, "running", BOT)
    assert first.message["params"] == {"text": "News!", "parse_mode": None}


async def test_it_takes_what_the_call_takes(fleet: Fleet) -> None:
    rows = [[InlineKeyboardButton(text="More", callback_data="more")]]
    markup = InlineKeyboardMarkup(inline_keyboard=rows)
    for what in ({"text": "<b>News</b>", "parse_mode": "HTML"}, {"copy": (7, 12)}):
        name = await fleet.broadcast(BOT, chats=[5, 5, 6], reply_markup=markup, **what)
        found = await fleet.broadcasts.get(name)
        assert found
        assert found.total == 2
        call: Any = METHODS[found.message["method"]].model_validate(
            {**found.message["params"], "chat_id": 5}
        )
        assert call.reply_markup == markup


async def test_what_is_wrong_is_refused(fleet: Fleet) -> None:
    with pytest.raises(FleetError, match="no bot 9"):
        await fleet.broadcast(9, text="News!")
    for wrong in ({}, {"text": "News!", "copy": (1, 2)}):
        with pytest.raises(ValueError, match="one of them"):
            await fleet.broadcast(BOT, **wrong)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="active=30d"):
        await fleet.broadcast(BOT, text="News!", to="everybody")
    assert await fleet.broadcasts.all() == []
