"""Reply keyboards, and bots that users create for another bot to manage."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramUnauthorizedError
from aiogram.types import (
    ForceReply,
    KeyboardButton,
    KeyboardButtonRequestManagedBot,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw

REQUEST = KeyboardButtonRequestManagedBot(
    request_id=1, suggested_name="Helper", suggested_username="helper_bot"
)
KEYBOARD = ReplyKeyboardMarkup(
    keyboard=[[KeyboardButton(text="Create a bot", request_managed_bot=REQUEST)]]
)


async def test_the_user_sees_reply_keyboards_and_the_bot_does_not(
    sandbox: SandboxClient, bot: Bot
) -> None:
    await sandbox.send(BOT_ID, "hi")
    for markup in (KEYBOARD, ReplyKeyboardRemove(), ForceReply()):
        sent = await bot.send_message(ALICE, "look", reply_markup=markup)
        assert sent.reply_markup is None
        seen = (await sandbox.reply(BOT_ID, ALICE))["reply_markup"]
        assert seen == markup.model_dump(exclude_none=True)


PRIVATE = "can be requested in private chats only"


@pytest.mark.parametrize(
    ("chat_id", "rows", "error"),
    [
        (ALICE, "rows", 'field "keyboard" must be an Array of Arrays'),
        (ALICE, [[{}]], "can't parse keyboard button: Can't find field \"text\""),
        (-5, [[{"text": "x", "request_contact": True}]], f"phone number {PRIVATE}"),
        (-5, [[{"text": "x", "request_users": {"request_id": 1}}]], f"users {PRIVATE}"),
        (
            -5,
            [[{"text": "x", "request_managed_bot": {"request_id": 1}}]],
            f"managed bots {PRIVATE}",
        ),
    ],
)
async def test_wrong_reply_keyboards(
    sandbox: SandboxClient, raw: Raw, chat_id: int, rows: Any, error: str
) -> None:
    await sandbox.send(BOT_ID, "hi", chat_id=chat_id)
    markup = {"keyboard": rows}
    status, body = await raw("sendMessage", chat_id=chat_id, text="x", reply_markup=markup)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


async def test_a_user_creates_a_bot_by_the_button(sandbox: SandboxClient, bot: Bot) -> None:
    assert (await bot.get_me()).can_manage_bots
    with pytest.raises(SandboxError, match="no button with request_managed_bot"):
        await sandbox.create_managed_bot(BOT_ID)
    update_id = await sandbox.send(BOT_ID, "hi")
    await bot.send_message(ALICE, "here", reply_markup=KEYBOARD)
    created = await sandbox.create_managed_bot(BOT_ID, username="other_bot")

    changed, told = await bot.get_updates(update_id + 1)
    assert changed.managed_bot
    assert changed.managed_bot.user.id == ALICE
    assert changed.managed_bot.bot_user.id == created
    assert changed.managed_bot.bot_user.username == "other_bot"
    assert told.message
    assert told.message.managed_bot_created
    assert told.message.managed_bot_created.bot_user.full_name == "Helper"

    token = await bot.get_managed_bot_token(created)
    me = await Bot(token, session=bot.session).get_me()
    assert (me.id, me.first_name, me.username) == (created, "Helper", "other_bot")
    with pytest.raises(SandboxError, match="@other_bot already"):
        await sandbox.create_managed_bot(BOT_ID, username="other_bot")


async def test_a_link_needs_no_button_and_leaves_no_message(
    sandbox: SandboxClient, bot: Bot
) -> None:
    created = await sandbox.create_managed_bot(BOT_ID, user_id=8, by_link=True)
    [update] = await bot.get_updates()
    assert update.managed_bot
    assert (update.managed_bot.user.id, update.managed_bot.bot_user.id) == (8, created)


async def test_a_new_token_is_told_to_the_manager_alone(sandbox: SandboxClient, bot: Bot) -> None:
    created = await sandbox.create_managed_bot(BOT_ID, by_link=True)
    old = await bot.get_managed_bot_token(created)
    token = await sandbox.rotate(created)
    assert await bot.get_managed_bot_token(created) == token
    newer = await bot.replace_managed_bot_token(created)
    assert len({old, token, newer}) == 3
    with pytest.raises(TelegramUnauthorizedError):
        await Bot(token, session=bot.session).get_me()
    updates = await bot.get_updates()
    assert [update.event_type for update in updates] == ["managed_bot"] * 3

    other = Bot(newer, session=bot.session)
    for stranger, wanted in ((other, created), (other, BOT_ID), (bot, BOT_ID), (bot, 5)):
        with pytest.raises(TelegramBadRequest, match="managed bot not found"):
            await stranger.get_managed_bot_token(wanted)


async def test_who_may_use_a_managed_bot(sandbox: SandboxClient, bot: Bot) -> None:
    created = await sandbox.create_managed_bot(BOT_ID, by_link=True)
    assert not (await bot.get_managed_bot_access_settings(created)).is_access_restricted
    assert await bot.set_managed_bot_access_settings(
        created, is_access_restricted=True, added_user_ids=[8]
    )
    settings = await bot.get_managed_bot_access_settings(created)
    assert settings.is_access_restricted
    assert [one.id for one in settings.added_users or ()] == [8]
    with pytest.raises(TelegramBadRequest, match="too many user identifiers"):
        await bot.set_managed_bot_access_settings(
            created, is_access_restricted=True, added_user_ids=list(range(1, 12))
        )
