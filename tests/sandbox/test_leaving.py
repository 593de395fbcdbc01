"""Chats that are not where they were: deleted accounts, groups that are supergroups now."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError, TelegramMigrateToChat

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw
from tests.sandbox.test_groups import BOB, drain

pytestmark = pytest.mark.usefixtures("fitting")


async def test_a_deleted_account(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi", user_id=BOB)
    await sandbox.ask("deactivate", user_id=BOB)
    with pytest.raises(TelegramForbiddenError, match="Forbidden: user is deactivated"):
        await bot.send_message(BOB, "x")
    chat = await bot.get_chat(BOB)
    assert (chat.first_name, chat.last_name) == ("", None)
    with pytest.raises(SandboxError, match="user 8 has deleted the account"):
        await sandbox.send(BOT_ID, "hi", user_id=BOB)
    await sandbox.send(BOT_ID, "hi", user_id=ALICE)
    await bot.send_message(ALICE, "x")
    with pytest.raises(SandboxError, match="no user 99"):
        await sandbox.ask("deactivate", user_id=99)


async def test_a_group_becomes_a_supergroup(
    sandbox: SandboxClient, bot: Bot, second: Bot, raw: Raw
) -> None:
    bots = [BOT_ID, SECOND_ID]
    group = await sandbox.ask(
        "create_group", title="Team", user_ids=[ALICE, BOB], bot_ids=bots, supergroup=False
    )
    old = group["id"]
    await sandbox.ask("promote", chat_id=old, member_id=BOT_ID)
    await sandbox.ask("send", chat_id=old, user_id=BOB, text="before")
    await drain(bot)
    await drain(second)
    new = (await sandbox.ask("migrate", chat_id=old))["id"]
    assert (old > -(10**12), new < -(10**12)) == (True, True)

    for one in (bot, second):
        first, last = [update.message for update in await one.get_updates()]
        assert first
        assert last
        assert (first.chat.id, first.chat.type, first.migrate_to_chat_id) == (old, "group", new)
        assert (last.chat.id, last.chat.type) == (new, "supergroup")
        assert last.migrate_from_chat_id == old
        assert last.sender_chat
        assert last.sender_chat.id == new
    with pytest.raises(TelegramMigrateToChat) as caught:
        await bot.send_message(old, "x")
    assert caught.value.migrate_to_chat_id == new
    status, body = await raw("getChatMemberCount", chat_id=old)
    assert (status, body["parameters"]) == (400, {"migrate_to_chat_id": new})
    text = "Bad Request: group chat was upgraded to a supergroup chat"
    assert body["description"] == text
    assert (await bot.get_chat(old)).title == "Team"

    await bot.send_message(new, "x")
    assert (await bot.get_chat_member(new, BOT_ID)).status == "administrator"
    assert await bot.get_chat_member_count(new) == 4
    await sandbox.ask("send", chat_id=new, user_id=BOB, text="after")
    now = f"the group {old} is the supergroup {new} now"
    with pytest.raises(SandboxError, match=now):
        await sandbox.ask("send", chat_id=old, user_id=BOB, text="x")
    for command in ("add_member", "promote"):
        with pytest.raises(SandboxError, match=now):
            await sandbox.ask(command, chat_id=old, member_id=BOB)
    with pytest.raises(SandboxError, match=now):
        await sandbox.ask("migrate", chat_id=old)
    with pytest.raises(SandboxError, match="is a supergroup: only a group becomes one"):
        await sandbox.ask("migrate", chat_id=new)
