"""Rights in groups: who has them, who gives and takes them, and what they are for."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import ChatMemberAdministrator, ChatPermissions

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_groups import BOB, drain, led, team
from tests.sandbox.test_sending import picture

pytestmark = pytest.mark.usefixtures("fitting")
SUPERGROUPS = "method is available for supergroup and channel chats only"


async def test_promoting(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    assert await bot.promote_chat_member(chat_id, BOB, can_delete_messages=True)
    assert await bot.set_chat_administrator_custom_title(chat_id, BOB, "Cleaner")
    member = await bot.get_chat_member(chat_id, BOB)
    assert isinstance(member, ChatMemberAdministrator)
    assert (member.can_delete_messages, member.can_pin_messages) == (True, False)
    assert member.can_manage_chat  # any other right implies it
    assert member.custom_title == "Cleaner"
    assert await bot.promote_chat_member(chat_id, BOB)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "member"
    for user_id, error in ((ALICE, "can't remove chat owner"), (BOT_ID, "can't promote self")):
        with pytest.raises(TelegramBadRequest, match=error):
            await bot.promote_chat_member(chat_id, user_id)
    with pytest.raises(TelegramBadRequest, match="user is not an administrator"):
        await bot.set_chat_administrator_custom_title(chat_id, BOB, "x")
    with pytest.raises(TelegramBadRequest, match="only the owner can edit their custom title"):
        await bot.set_chat_administrator_custom_title(chat_id, ALICE, "x")


async def test_what_a_group_allows_its_members(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    assert await bot.set_chat_permissions(chat_id, ChatPermissions(can_send_messages=True))
    permissions = (await bot.get_chat(chat_id)).permissions
    assert permissions
    assert (permissions.can_send_messages, permissions.can_send_photos) == (True, False)
    await bot.send_photo(chat_id, picture())  # administrators may
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID, status="member")
    await bot.send_message(chat_id, "x")
    with pytest.raises(TelegramBadRequest, match="not enough rights to send photos to the chat"):
        await bot.send_photo(chat_id, picture())


async def test_an_administrator_is_changed_by_who_made_it_one(
    sandbox: SandboxClient, bot: Bot
) -> None:
    chat_id = await led(sandbox, bot)
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOB)
    member = await bot.get_chat_member(chat_id, BOB)
    assert isinstance(member, ChatMemberAdministrator)
    assert not member.can_be_edited
    [update] = await drain(bot)
    assert update["chat_member"]["new_chat_member"]["can_be_edited"] is False
    for call, error in (
        (bot.promote_chat_member(chat_id, BOB), "CHAT_ADMIN_REQUIRED"),
        (bot.promote_chat_member(chat_id, BOB, can_pin_messages=True), "CHAT_ADMIN_REQUIRED"),
        (
            bot.set_chat_administrator_custom_title(chat_id, BOB, "x"),
            "not enough rights to change custom title of the user",
        ),
        (bot.ban_chat_member(chat_id, BOB), "user is an administrator of the chat"),
    ):
        with pytest.raises(TelegramBadRequest, match=error):
            await call
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOB, status="member")
    assert await bot.promote_chat_member(chat_id, BOB, can_pin_messages=True)
    [mine] = [one for one in await bot.get_chat_administrators(chat_id) if one.user.id == BOB]
    assert isinstance(mine, ChatMemberAdministrator)
    assert mine.can_be_edited
    assert await bot.ban_chat_member(chat_id, BOB)


async def test_a_bot_gives_no_right_that_it_has_not(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    rights = ["can_promote_members", "can_pin_messages"]
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID, rights=rights)
    assert await bot.promote_chat_member(chat_id, BOB, can_pin_messages=True)
    with pytest.raises(TelegramBadRequest, match="RIGHT_FORBIDDEN"):
        await bot.promote_chat_member(chat_id, BOB, can_delete_messages=True)
    with pytest.raises(SandboxError, match="rights: no can_fly; there are: can_manage_chat"):
        await sandbox.ask("promote", chat_id=chat_id, member_id=BOB, rights=["can_fly"])


RIGHTS = "not enough rights to "
RESTRICT = f"{RIGHTS}restrict/unrestrict chat member"


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("banChatMember", {"user_id": BOB}, RESTRICT),
        ("unbanChatMember", {"user_id": BOB}, RESTRICT),
        ("restrictChatMember", {"user_id": BOB, "permissions": {}}, RESTRICT),
        ("promoteChatMember", {"user_id": BOB}, "not enough rights"),
        ("pinChatMessage", {"message_id": 1}, f"{RIGHTS}manage pinned messages in the chat"),
        ("unpinAllChatMessages", {}, f"{RIGHTS}manage pinned messages in the chat"),
        ("deleteMessage", {"message_id": 1}, "message can't be deleted"),
        ("setChatTitle", {"title": "x"}, f"{RIGHTS}change chat title"),
        ("setChatDescription", {"description": "x"}, f"{RIGHTS}set chat description"),
        ("deleteChatPhoto", {}, f"{RIGHTS}change chat photo"),
        ("setChatPermissions", {"permissions": {}}, f"{RIGHTS}change chat permissions"),
        ("exportChatInviteLink", {}, f"{RIGHTS}manage chat invite link"),
        ("banChatMember", {}, "invalid user_id specified"),
        ("banChatMember", {"user_id": -5}, "invalid user_id specified"),
        ("setChatPermissions", {"permissions": 5}, "object expected as permissions"),
        ("setChatPhoto", {"photo": "https://a.b/c.png"}, "photo must be uploaded as an InputFile"),
    ],
)
async def test_what_a_plain_member_may_not(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    chat_id = await team(sandbox)
    status, body = await raw(method, chat_id=chat_id, **params)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("banChatMember", {"user_id": 8}, "chat member status can't be changed in private chats"),
        ("leaveChat", {}, "chat member status can't be changed in private chats"),
        ("promoteChatMember", {"user_id": 8}, SUPERGROUPS),
        ("unbanChatMember", {"user_id": 8}, SUPERGROUPS),
        (
            "restrictChatMember",
            {"user_id": 8, "permissions": {}},
            "method is available only for supergroups",
        ),
        ("setChatTitle", {"title": "x"}, "can't change private chat title"),
        ("setChatPermissions", {"permissions": {}}, "can't change private chat permissions"),
    ],
)
async def test_what_is_for_groups(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    status, body = await raw(method, chat_id=ALICE, **params)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")
