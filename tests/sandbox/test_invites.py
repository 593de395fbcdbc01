"""Invite links: who joins by them, and who has to be let in."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw
from tests.sandbox.test_channels import news
from tests.sandbox.test_groups import drain, team

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL, DAVE = 8, 9, 10
TYPES = ["message", "chat_member", "my_chat_member", "chat_join_request"]
MONTH = 30 * 86400


async def led(sandbox: SandboxClient, bot: Bot) -> int:
    """A group in which the bot is an administrator, who asked for everything and has read it."""
    chat_id = await team(sandbox)
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID)
    await bot.get_updates(-1, allowed_updates=TYPES)
    await drain(bot)
    return chat_id


async def test_joining_by_a_link(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    link = await bot.create_chat_invite_link(chat_id, name="Friends", member_limit=1)
    assert (link.name, link.member_limit, link.creator.id) == ("Friends", 1, BOT_ID)
    assert not link.is_primary
    joined = await sandbox.ask("join", user_id=CAROL, link=link.invite_link)
    assert joined == {"joined": True}
    changed, told = await drain(bot)
    assert changed["chat_member"]["from_user"]["id"] == CAROL
    assert changed["chat_member"]["invite_link"]["name"] == "Friends"
    assert told["message"]["new_chat_members"][0]["id"] == CAROL
    for user_id, error in ((CAROL, "is in chat"), (DAVE, "has let in as many as it may")):
        with pytest.raises(SandboxError, match=error):
            await sandbox.ask("join", user_id=user_id, link=link.invite_link)


async def test_the_primary_link(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    first = await bot.export_chat_invite_link(chat_id)
    assert (await bot.get_chat(chat_id)).invite_link == first
    second = await bot.export_chat_invite_link(chat_id)
    assert (await bot.get_chat(chat_id)).invite_link == second != first
    with pytest.raises(SandboxError, match="is revoked"):
        await sandbox.ask("join", user_id=CAROL, link=first)
    revoked = await bot.revoke_chat_invite_link(chat_id, second)
    assert (revoked.is_revoked, revoked.is_primary) == (True, True)
    assert (await bot.get_chat(chat_id)).invite_link not in (first, second)


async def test_requests_to_join(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    made = await bot.create_chat_invite_link(chat_id, creates_join_request=True)
    for user_id in (CAROL, ALICE + 100):
        await sandbox.ask("add_user", first_name="X", user_id=user_id)
        answer = await sandbox.ask("join", user_id=user_id, link=made.invite_link)
        assert answer == {"joined": False}
    first, _ = await drain(bot)
    request = first["chat_join_request"]
    assert (request["from_user"]["id"], request["chat"]["id"]) == (CAROL, chat_id)
    assert request["invite_link"]["invite_link"] == made.invite_link
    edited = await bot.edit_chat_invite_link(
        chat_id, made.invite_link, name="x", creates_join_request=True
    )
    assert (edited.name, edited.pending_join_request_count) == ("x", 2)
    assert await bot.decline_chat_join_request(chat_id, ALICE + 100)
    assert (await bot.get_chat_member(chat_id, CAROL)).status == "left"
    assert await bot.approve_chat_join_request(chat_id, CAROL)
    assert (await bot.get_chat_member(chat_id, CAROL)).status == "member"
    changed, _ = await drain(bot)
    assert changed["chat_member"]["from_user"]["id"] == BOT_ID
    assert changed["chat_member"]["invite_link"]["creates_join_request"]
    for user_id, error in ((CAROL, "USER_ALREADY_PARTICIPANT"), (BOB + 2, "user not found")):
        with pytest.raises(TelegramBadRequest, match=error):
            await bot.approve_chat_join_request(chat_id, user_id)
    with pytest.raises(TelegramBadRequest, match="HIDE_REQUESTER_MISSING"):
        await bot.decline_chat_join_request(chat_id, ALICE + 100)


async def test_a_public_chat_needs_no_link(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID)
    assert await sandbox.ask("join", user_id=CAROL, chat_id=chat_id) == {"joined": True}
    assert (await bot.get_chat_member("@news", CAROL)).status == "member"
    await sandbox.ask("set_username", chat_id=chat_id)
    await bot.ban_chat_member(chat_id, CAROL)
    link = await bot.export_chat_invite_link(chat_id)
    for arguments, error in (
        ({"user_id": DAVE, "chat_id": chat_id}, "is private"),
        ({"user_id": CAROL, "link": link}, "user 9 is banned"),
        ({"user_id": DAVE, "link": "x"}, "nobody has made x"),
    ):
        with pytest.raises(SandboxError, match=error):
            await sandbox.ask("join", **arguments)


async def test_a_subscription_to_a_channel(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID, username=None)
    link = await bot.create_chat_subscription_invite_link(chat_id, MONTH, 50, name="Gold")
    assert (link.subscription_price, link.name) == (50, "Gold")
    named = await bot.edit_chat_subscription_invite_link(chat_id, link.invite_link, name="Silver")
    assert (named.subscription_price, named.name) == (50, "Silver")
    await sandbox.ask("join", user_id=CAROL, link=link.invite_link)
    member = await bot.get_chat_member(chat_id, CAROL)
    assert member.model_dump()["until_date"]


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("createChatInviteLink", {"member_limit": 100000}, "USAGE_LIMIT_INVALID"),
        ("createChatInviteLink", {"expire_date": 5}, "EXPIRE_DATE_INVALID"),
        (
            "createChatInviteLink",
            {"member_limit": 5, "creates_join_request": True},
            "member limit can't be specified for links requiring administrator approval",
        ),
        ("editChatInviteLink", {"invite_link": "x"}, "INVITE_HASH_EXPIRED"),
        ("revokeChatInviteLink", {"invite_link": "x"}, "INVITE_HASH_EXPIRED"),
        (
            "createChatSubscriptionInviteLink",
            {"subscription_period": MONTH, "subscription_price": 5},
            "CHAT_INVALID",
        ),
    ],
)
async def test_what_is_refused(
    sandbox: SandboxClient, bot: Bot, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    chat_id = await led(sandbox, bot)
    status, body = await raw(method, chat_id=chat_id, **params)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


async def test_links_of_others_and_rights(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await led(sandbox, bot)
    await sandbox.ask("add_member", chat_id=chat_id, member_id=SECOND_ID)
    link = await bot.create_chat_invite_link(chat_id)
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage chat invite link"):
        await second.revoke_chat_invite_link(chat_id, link.invite_link)
    await sandbox.ask("promote", chat_id=chat_id, member_id=SECOND_ID)
    with pytest.raises(TelegramBadRequest, match="INVITE_HASH_EXPIRED"):
        await second.revoke_chat_invite_link(chat_id, link.invite_link)


async def test_people_make_links_and_let_in(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    here: dict[str, Any] = {"chat_id": chat_id, "user_id": ALICE}
    with pytest.raises(SandboxError, match="may not do that in the group"):
        await sandbox.ask("create_link", chat_id=chat_id, user_id=BOB)
    with pytest.raises(SandboxError, match="leave it out"):
        await sandbox.ask("create_link", **here, creates_join_request=True, member_limit=2)
    made = await sandbox.ask("create_link", **here, name="Friends", creates_join_request=True)
    link = made["invite_link"]
    seen = await sandbox.ask("look_at_link", link=link)
    assert (seen["problem"], seen["chat"]["id"], seen["link"]) == ("", chat_id, made)
    for approve in (False, True):
        assert await sandbox.ask("join", user_id=CAROL, link=link) == {"joined": False}
        [asked] = await drain(bot)
        assert asked["chat_join_request"]["invite_link"]["creator"]["id"] == ALICE
        [waiting] = (await sandbox.ask("details", chat_id=chat_id))["requests"]
        assert waiting["from"]["id"] == CAROL
        answer: dict[str, Any] = {"member_id": CAROL, "approve": approve}
        group = await sandbox.ask("answer_request", **here, **answer)
        assert "requests" not in group
        with pytest.raises(SandboxError, match="has not asked"):
            await sandbox.ask("answer_request", **here, **answer)
    changed, _ = await drain(bot)
    assert changed["chat_member"]["from_user"]["id"] == ALICE
    assert changed["chat_member"]["invite_link"]["name"] == "Friends"
    assert (await sandbox.ask("revoke_link", **here, link=link))["is_revoked"]
    assert (await sandbox.ask("look_at_link", link=link))["problem"] == "is revoked"
    for command in ("look_at_link", "revoke_link"):
        args = here if command == "revoke_link" else {}
        with pytest.raises(SandboxError, match=r"t\.me/\+none"):
            await sandbox.ask(command, **args, link="https://t.me/+none")


async def test_who_is_added_asks_no_more(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    made = await bot.create_chat_invite_link(chat_id, creates_join_request=True)
    await sandbox.ask("join", user_id=CAROL, link=made.invite_link)
    await sandbox.ask("add_member", chat_id=chat_id, member_id=CAROL)
    assert (await sandbox.ask("details", chat_id=chat_id))["requests"] == []
