"""Members of groups: banning, restricting, removing, and what is told of them."""

import time
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberRestricted, ChatPermissions

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_groups import BOB, CAROL, drain, kinds, led, team

pytestmark = pytest.mark.usefixtures("fitting")


async def test_banning(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    assert await bot.ban_chat_member(chat_id, BOB, until_date=2_000_000_000)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "kicked"
    assert await kinds(bot) == ["left_chat_member", "chat_member"]
    with pytest.raises(SandboxError, match="user 8 is banned from the group"):
        await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="hey")
    assert await bot.unban_chat_member(chat_id, BOB)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "left"
    await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="hey")
    assert await bot.unban_chat_member(chat_id, BOB, only_if_banned=True)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "member"
    assert await bot.unban_chat_member(chat_id, BOB)  # throws out, but does not ban
    assert (await bot.get_chat_member(chat_id, BOB)).status == "left"
    await drain(bot)
    for _ in range(2):
        assert await bot.ban_chat_member(chat_id, BOB)
    assert await kinds(bot) == ["chat_member"]  # the second time nothing changes
    for user_id, error in ((ALICE, "can't remove chat owner"), (BOT_ID, "can't restrict self")):
        with pytest.raises(TelegramBadRequest, match=error):
            await bot.ban_chat_member(chat_id, user_id)


async def test_bans_and_restrictions_end(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id, now = await led(sandbox, bot), time.time()
    await sandbox.ask("add_member", chat_id=chat_id, member_id=CAROL)
    assert await bot.ban_chat_member(chat_id, BOB, until_date=int(now) + 60)
    muted = ChatPermissions(can_send_messages=False)
    assert await bot.restrict_chat_member(chat_id, CAROL, muted, until_date=int(now) + 60)
    await sandbox.advance(seconds=61)
    await sandbox.ask("send", chat_id=chat_id, user_id=CAROL, text="hey")
    seen = [(await bot.get_chat_member(chat_id, one)).status for one in (BOB, CAROL)]
    assert seen == ["left", "member"]
    # Too short a time means for ever.
    assert await bot.ban_chat_member(chat_id, BOB, until_date=int(now) + 10)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "kicked"


async def test_restricting(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    assert await bot.restrict_chat_member(chat_id, BOB, ChatPermissions(can_send_messages=True))
    member = await bot.get_chat_member(chat_id, BOB)
    assert isinstance(member, ChatMemberRestricted)
    assert (member.can_send_messages, member.can_send_photos, member.is_member) == (1, 0, 1)
    await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="hey")
    with pytest.raises(SandboxError, match="user 8 may not send polls in the group"):
        await sandbox.ask(
            "send", chat_id=chat_id, user_id=BOB, content={"poll": await a_poll(bot, chat_id)}
        )
    everything = dict.fromkeys(ChatPermissions.model_fields, True)
    assert await bot.restrict_chat_member(chat_id, BOB, ChatPermissions(**everything))
    assert (await bot.get_chat_member(chat_id, BOB)).status == "member"
    # A permission may include others.
    others = ChatPermissions(can_add_web_page_previews=True)
    assert await bot.restrict_chat_member(chat_id, BOB, others)
    member = await bot.get_chat_member(chat_id, BOB)
    assert isinstance(member, ChatMemberRestricted)
    assert (member.can_send_videos, member.can_send_polls) == (True, False)


async def a_poll(bot: Bot, chat_id: int) -> dict[str, Any]:
    poll = (await bot.send_poll(chat_id, "Which?", ["one"])).poll
    assert poll
    return poll.model_dump(exclude_unset=True)


async def test_unbanning_who_is_not_banned_does_nothing(sandbox: SandboxClient, raw: Raw) -> None:
    chat_id = await team(sandbox)  # in which the bot may nothing
    params = {"chat_id": chat_id, "user_id": BOB}
    assert (await raw("unbanChatMember", **params, only_if_banned=True))[1]["result"] is True
    status, member = await raw("getChatMember", **params)
    assert (status, member["result"]["status"]) == (200, "member")
    assert (await raw("unbanChatMember", **params))[0] == 400


async def test_people_are_removed_by_administrators(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    await sandbox.ask("add_member", chat_id=chat_id, member_id=CAROL)
    with pytest.raises(SandboxError, match="user 8 may not do that in the group"):
        await sandbox.ask("remove_member", chat_id=chat_id, member_id=CAROL, by_id=BOB)
    rights = ["can_restrict_members"]
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOB, rights=rights)
    await drain(bot)
    await sandbox.ask("remove_member", chat_id=chat_id, member_id=CAROL, by_id=BOB)
    left, changed = await drain(bot)
    assert left["message"]["from_user"]["id"] == BOB
    assert changed["chat_member"]["from_user"]["id"] == BOB
    assert changed["chat_member"]["new_chat_member"]["status"] == "kicked"
    await sandbox.ask("remove_member", chat_id=chat_id, member_id=BOB)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "left"


async def test_reactions_are_told_to_administrators(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    sent = await bot.send_message(chat_id, "x")
    about = {"chat_id": chat_id, "user_id": BOB, "message_id": sent.message_id}
    await sandbox.ask("react", **about, emoji="👍")
    assert await kinds(bot) == ["message_reaction"]
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID, status="member")
    await drain(bot)
    await sandbox.ask("react", **about, emoji=None)
    assert await kinds(bot) == []


async def test_a_conversation_is_begun_by_the_user(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    await sandbox.add("1000002:x")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(CAROL, "x")
    await sandbox.ask("add_member", chat_id=chat_id, member_id=1000002)
    await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="/hey")
    with pytest.raises(TelegramForbiddenError, match="can't initiate conversation with a user"):
        await bot.send_message(BOB, "x")
    with pytest.raises(TelegramForbiddenError, match="can't initiate conversation with a user"):
        await bot.send_chat_action(BOB, "typing")
    with pytest.raises(TelegramForbiddenError, match="bots can't send messages to bots"):
        await bot.send_message(1000002, "x")
    assert (await bot.get_chat(BOB)).first_name == "Bob"
    await sandbox.send(BOT_ID, "hi", user_id=BOB)
    await bot.send_message(BOB, "x")


async def test_who_asks_to_join_can_be_written_to_for_a_while(
    sandbox: SandboxClient, bot: Bot
) -> None:
    chat_id = await led(sandbox, bot)
    made = await bot.create_chat_invite_link(chat_id, creates_join_request=True)
    await sandbox.ask("join", user_id=CAROL, link=made.invite_link)
    sent = await bot.send_message(CAROL, "Are you a robot?")
    [seen] = await sandbox.messages(BOT_ID, CAROL)
    assert seen["message_id"] == sent.message_id
    await sandbox.ask("advance", seconds=301)
    with pytest.raises(TelegramForbiddenError, match="can't initiate conversation with a user"):
        await bot.send_message(CAROL, "x")


async def test_tags_of_members(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await led(sandbox, bot)
    assert await bot.set_chat_member_tag(chat_id, BOB, "Cook")
    assert (await bot.get_chat_member(chat_id, BOB)).model_dump()["tag"] == "Cook"
    for user_id, tag, error in (
        (ALICE, "x", "TAG_CHANGE_FORBIDDEN"),
        (BOB, "x" * 17, "TAG_INVALID"),
        (BOB, "🍕", "TAG_EMOJI_NOT_ALLOWED"),
    ):
        with pytest.raises(TelegramBadRequest, match=error):
            await bot.set_chat_member_tag(chat_id, user_id, tag)
    assert await bot.set_chat_member_tag(chat_id, BOB)
    assert (await bot.get_chat_member(chat_id, BOB)).model_dump()["tag"] is None


async def test_who_writes_in_the_name_of_a_channel(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    channel = await sandbox.ask("create_channel", title="News", user_ids=[BOB])
    where = {"chat_id": chat_id, "sender_id": channel["id"], "text": "hello"}
    await sandbox.ask("send_as", user_id=BOB, **where)
    [update] = await drain(bot)
    assert update["message"]["sender_chat"]["title"] == "News"
    assert update["message"]["from_user"]["username"] == "Channel_Bot"
    assert await bot.ban_chat_sender_chat(chat_id, channel["id"])
    with pytest.raises(SandboxError, match="is banned from chat"):
        await sandbox.ask("send_as", user_id=BOB, **where)
    assert await bot.unban_chat_sender_chat(chat_id, channel["id"])
    await sandbox.ask("send_as", user_id=BOB, **where)
    with pytest.raises(SandboxError, match="user 7 owns no channel"):
        await sandbox.ask("send_as", user_id=ALICE, **where)
    with pytest.raises(TelegramBadRequest, match="PARTICIPANT_ID_INVALID"):
        await bot.ban_chat_sender_chat(chat_id, -5)


async def test_reactions_are_taken_away(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    sent = await bot.send_message(chat_id, "x")
    for user_id in (ALICE, BOB):
        where = {"chat_id": chat_id, "message_id": sent.message_id}
        await sandbox.ask("react", user_id=user_id, emoji="👍", **where)
    assert await bot.delete_message_reaction(chat_id, sent.message_id, user_id=BOB)
    [*_, seen] = await sandbox.ask("messages", chat_id=chat_id)
    assert [one["user_id"] for one in seen["reactions"]] == [ALICE]
    assert await bot.delete_all_message_reactions(chat_id, user_id=ALICE)
    [*_, seen] = await sandbox.ask("messages", chat_id=chat_id)
    assert "reactions" not in seen
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID, status="member")
    with pytest.raises(TelegramBadRequest, match="not enough rights to delete reactions"):
        await bot.delete_all_message_reactions(chat_id, user_id=ALICE)
