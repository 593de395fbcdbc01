"""Business accounts that bots act for."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID

pytestmark = pytest.mark.usefixtures("fitting")


async def test_a_user_connects_a_bot(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    made = await sandbox.ask("connect_business", bot_id=BOT_ID, user_id=ALICE, rights=["can_reply"])
    [update] = await bot.get_updates()
    assert update.business_connection
    assert update.business_connection.rights
    assert update.business_connection.rights.can_reply
    assert not update.business_connection.rights.can_manage_stories
    assert await bot.get_business_connection(made["id"]) == update.business_connection
    with pytest.raises(TelegramBadRequest, match="business connection not found"):
        await second.get_business_connection(made["id"])
    await sandbox.ask("disconnect_business", connection_id=made["id"])
    [update] = await bot.get_updates(update.update_id + 1)
    assert update.business_connection
    assert not update.business_connection.is_enabled
    with pytest.raises(TelegramBadRequest, match="business connection not found"):
        await bot.get_business_account_star_balance(made["id"])


async def test_what_is_wrong_with_a_connection(sandbox: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="there is no can_fly"):
        await sandbox.ask("connect_business", bot_id=BOT_ID, user_id=ALICE, rights=["can_fly"])
    with pytest.raises(SandboxError, match="no connection x"):
        await sandbox.ask("disconnect_business", connection_id="x")
