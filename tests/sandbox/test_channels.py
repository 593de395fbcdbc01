"""Channels and the names of public chats: "subscribe to use this bot"."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    ChatMemberAdministrator,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageOriginChannel,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw
from tests.sandbox.test_groups import drain

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9
KINDS = ["chat_member", "my_chat_member", "channel_post", "edited_channel_post", "message"]


async def news(sandbox: SandboxClient, *bot_ids: int, username: str | None = "news") -> int:
    """A channel that Alice owns and Bob reads."""
    channel = await sandbox.ask(
        "create_channel",
        title="News",
        user_ids=[ALICE, BOB],
        bot_ids=list(bot_ids),
        username=username,
    )
    return int(channel["id"])


async def test_subscribe_to_use_this_bot(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID)
    await bot.get_updates(-1, allowed_updates=KINDS)
    await drain(bot)
    assert (await bot.get_chat_member("@news", BOB)).status == "member"
    assert (await bot.get_chat_member("@News", CAROL)).status == "left"
    await sandbox.ask("add_member", chat_id=chat_id, member_id=CAROL)
    assert (await bot.get_chat_member("@news", CAROL)).status == "member"
    await sandbox.ask("remove_member", chat_id=chat_id, member_id=CAROL)
    assert (await bot.get_chat_member(chat_id, CAROL)).status == "left"
    joined, left = await drain(bot)
    assert joined["chat_member"]["new_chat_member"]["status"] == "member"
    assert left["chat_member"]["new_chat_member"]["status"] == "left"
    assert joined["chat_member"]["chat"]["username"] == "news"
    me = await bot.get_chat_member("@news", BOT_ID)
    assert isinstance(me, ChatMemberAdministrator)
    assert me.can_post_messages
    assert me.can_pin_messages is None


async def test_who_is_no_administrator_cannot_see_subscribers(
    sandbox: SandboxClient, bot: Bot
) -> None:
    chat_id = await news(sandbox)
    assert (await bot.get_chat("@news")).title == "News"
    assert await bot.get_chat_member_count("@news") == 2
    for call in (bot.get_chat_member("@news", BOB), bot.get_chat_administrators("@news")):
        with pytest.raises(TelegramBadRequest, match="member list is inaccessible"):
            await call
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the channel chat"):
        await bot.send_message("@news", "x")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.get_chat("@olds")
    await sandbox.ask("set_username", chat_id=chat_id)
    for name in ("@news", chat_id):
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await bot.get_chat(name)


async def test_a_post_of_a_user(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID)
    await drain(bot)
    sent = await sandbox.ask("send", chat_id=chat_id, user_id=ALICE, text="hello")
    message_id = sent["message"]["message_id"]
    await sandbox.ask("edit", chat_id=chat_id, user_id=ALICE, message_id=message_id, text="hi")
    posted, edited = await drain(bot)
    assert posted["channel_post"]["sender_chat"]["id"] == chat_id
    assert "from_user" not in posted["channel_post"]
    assert edited["edited_channel_post"]["text"] == "hi"
    for command, values in (("send", {}), ("edit", {"message_id": message_id})):
        with pytest.raises(SandboxError, match=r"may not send posts in the channel|is not by user"):
            await sandbox.ask(command, chat_id=chat_id, user_id=BOB, text="spam", **values)
    # Whoever writes joins a group; nobody joins a channel so.
    members = (await sandbox.ask("groups"))[0]["members"]
    assert [one["user"]["id"] for one in members] == [ALICE, BOB, BOT_ID]
    await sandbox.send(BOT_ID, "hi")
    forwarded = await bot.forward_message(ALICE, chat_id, message_id)
    assert isinstance(forwarded.forward_origin, MessageOriginChannel)
    assert forwarded.forward_origin.message_id == message_id


async def test_a_bot_posts_and_edits(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID, SECOND_ID)
    await drain(second)
    button = InlineKeyboardButton(text="👍", callback_data="up")
    markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
    sent = await bot.send_message("@news", "hello", reply_markup=markup)
    assert (sent.from_user, sent.sender_chat and sent.sender_chat.id) == (None, chat_id)
    assert await drain(second) == []
    await sandbox.press(BOT_ID, chat_id, sent.message_id, "up", user_id=BOB)
    pressed = (await drain(bot))[-1]["callback_query"]
    assert pressed["message"]["sender_chat"]["title"] == "News"
    edited = await second.edit_message_text("bye", chat_id=chat_id, message_id=sent.message_id)
    assert isinstance(edited, Message)
    assert edited.text == "bye"
    assert await bot.pin_chat_message(chat_id, sent.message_id)
    assert "pinned_message" in (await drain(bot))[-1]["channel_post"]
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID, status="member")
    with pytest.raises(TelegramBadRequest, match="need administrator rights in the channel chat"):
        await bot.send_message(chat_id, "x")


async def test_rights_in_a_channel(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID)
    assert await bot.promote_chat_member(chat_id, BOB, can_post_messages=True)
    bob = await bot.get_chat_member(chat_id, BOB)
    assert isinstance(bob, ChatMemberAdministrator)
    assert bob.can_post_messages
    assert not bob.can_edit_messages
    await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="mine")
    for call in (
        bot.restrict_chat_member(chat_id, CAROL, {}),  # type: ignore[arg-type]  # no right
        bot.set_chat_administrator_custom_title(chat_id, BOB, "x"),
    ):
        with pytest.raises(TelegramBadRequest, match=r"only for (groups and )?supergroups"):
            await call
    assert await bot.ban_chat_member(chat_id, CAROL)
    assert (await bot.get_chat_member(chat_id, CAROL)).status == "kicked"
    assert await bot.unban_chat_member(chat_id, CAROL)
    assert await bot.set_chat_title(chat_id, "Olds")
    assert "new_chat_title" in (await drain(bot))[-1]["channel_post"]


async def test_a_public_group(sandbox: SandboxClient, bot: Bot) -> None:
    group = await sandbox.ask("create_group", title="T", user_ids=[ALICE], bot_ids=[BOT_ID])
    named = await sandbox.ask("set_username", chat_id=group["id"], username="@The_Team")
    assert named["username"] == "The_Team"
    sent = await bot.send_message("@the_team", "hi")
    assert (sent.chat.id, sent.chat.username) == (group["id"], "The_Team")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"user_ids": []}, "a channel has an owner"),
        ({"user_ids": [7], "username": "x"}, "write 4 to 32 letters"),
        ({"user_ids": [7], "username": "NEWS"}, "@NEWS is taken"),
        ({"user_ids": [7], "bot_ids": [5]}, "bot 5 is not known"),
    ],
)
async def test_what_is_wrong_with_a_channel(
    sandbox: SandboxClient, arguments: dict[str, Any], error: str
) -> None:
    await news(sandbox)
    with pytest.raises(SandboxError, match=error):
        await sandbox.ask("create_channel", title="X", **arguments)


async def test_a_reply_keyboard_does_not_come_to_a_channel(
    sandbox: SandboxClient, raw: Raw
) -> None:
    await news(sandbox, BOT_ID)
    markup = {"keyboard": [["x"]]}
    assert (await raw("sendMessage", chat_id="@news", text="x", reply_markup=markup))[0] == 200
    assert (
        "reply_markup"
        not in (
            await sandbox.ask(
                "messages", chat_id=(await raw("getChat", chat_id="@news"))[1]["result"]["id"]
            )
        )[0]
    )
