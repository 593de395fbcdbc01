"""Topics of forums."""

from collections.abc import Awaitable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import ReplyParameters

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw
from tests.sandbox.test_groups import drain, led

pytestmark = pytest.mark.usefixtures("fitting")
BOB = 8


async def forum(sandbox: SandboxClient, bot: Bot, *bot_ids: int) -> int:
    chat_id = await led(sandbox, bot, *bot_ids)
    await sandbox.ask("set_forum", chat_id=chat_id)
    return chat_id


async def told(bot: Bot) -> list[str]:
    """What the waiting service messages are about."""
    messages = [one["message"] for one in await drain(bot)]
    return [
        name
        for one in messages
        for name in one
        if name.endswith(("ed", "hidden")) and "topic" in name
    ]


async def test_a_topic_from_beginning_to_end(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await forum(sandbox, bot)
    assert (await bot.get_chat(chat_id)).is_forum
    topic = await bot.create_forum_topic(chat_id, "Orders", icon_color=0xFFD67E)
    assert (topic.name, topic.icon_color) == ("Orders", 0xFFD67E)
    thread_id = topic.message_thread_id
    sent = await bot.send_message(chat_id, "here", message_thread_id=thread_id)
    assert (sent.message_thread_id, sent.is_topic_message) == (thread_id, True)
    general = await bot.send_message(chat_id, "there")
    assert (general.message_thread_id, general.is_topic_message) == (None, None)
    assert await bot.edit_forum_topic(chat_id, thread_id, name="Old orders")
    assert await bot.close_forum_topic(chat_id, thread_id)
    assert await bot.reopen_forum_topic(chat_id, thread_id)
    assert await told(bot) == [
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
    ]
    assert await bot.delete_forum_topic(chat_id, thread_id)
    left = [one["message_id"] for one in await sandbox.ask("messages", chat_id=chat_id)]
    assert sent.message_id not in left
    assert general.message_id in left
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(chat_id, "x", message_thread_id=thread_id)


async def test_a_user_writes_in_a_topic_and_gets_the_reply_there(
    sandbox: SandboxClient, bot: Bot
) -> None:
    chat_id = await forum(sandbox, bot)
    topic = await sandbox.ask("create_topic", chat_id=chat_id, user_id=BOB, name="Help")
    thread_id = topic["message_thread_id"]
    asked = await sandbox.ask(
        "send", chat_id=chat_id, user_id=BOB, text="help", thread_id=thread_id
    )
    created, question = await drain(bot)
    assert created["message"]["forum_topic_created"]["name"] == "Help"
    assert created["message"]["message_id"] == thread_id
    assert question["message"]["message_thread_id"] == thread_id
    replied = ReplyParameters(message_id=asked["message"]["message_id"])
    sent = await bot.send_message(chat_id, "yes?", reply_parameters=replied)
    assert sent.message_thread_id == thread_id
    with pytest.raises(SandboxError, match=r"thread_id: the topics are \[1, "):
        await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="x", thread_id=99)


async def test_the_general_topic(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await forum(sandbox, bot)
    assert await bot.edit_general_forum_topic(chat_id, "All")
    assert await bot.close_general_forum_topic(chat_id)
    assert await bot.reopen_general_forum_topic(chat_id)
    assert await bot.hide_general_forum_topic(chat_id)
    assert await bot.unhide_general_forum_topic(chat_id)
    assert await told(bot) == [
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
    ]


async def test_what_is_pinned_in_a_topic(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await forum(sandbox, bot)
    topic = await bot.create_forum_topic(chat_id, "Orders")
    here = await bot.send_message(chat_id, "x", message_thread_id=topic.message_thread_id)
    there = await bot.send_message(chat_id, "y")
    for one in (here, there):
        await bot.pin_chat_message(chat_id, one.message_id)
    assert await bot.unpin_all_forum_topic_messages(chat_id, topic.message_thread_id)
    pinned = (await bot.get_chat(chat_id)).pinned_message
    assert pinned
    assert pinned.message_id == there.message_id
    assert await bot.unpin_all_general_forum_topic_messages(chat_id)
    assert (await bot.get_chat(chat_id)).pinned_message is None


async def test_who_may_change_topics(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await forum(sandbox, bot, BOT_ID, SECOND_ID)
    topic = await bot.create_forum_topic(chat_id, "Orders")
    thread_id = topic.message_thread_id
    calls: list[tuple[Awaitable[Any], str]] = [
        (second.create_forum_topic(chat_id, "x"), "not enough rights to create a topic"),
        (second.edit_forum_topic(chat_id, thread_id, name="x"), "not enough rights to edit the t"),
        (second.close_forum_topic(chat_id, thread_id), "not enough rights to close or open the t"),
        (second.delete_forum_topic(chat_id, thread_id), "not enough rights to delete the topic"),
        (bot.create_forum_topic(chat_id, " "), "title must be non-empty"),
        (bot.edit_forum_topic(chat_id, thread_id, name="Orders"), "TOPIC_NOT_MODIFIED"),
        (bot.reopen_forum_topic(chat_id, thread_id), "TOPIC_NOT_MODIFIED"),
        (bot.unhide_general_forum_topic(chat_id), "TOPIC_NOT_MODIFIED"),
        (bot.close_forum_topic(chat_id, 99), "TOPIC_ID_INVALID"),
        (bot.send_message(chat_id, "x", message_thread_id=1), "message thread not found"),
    ]
    for call, error in calls:
        with pytest.raises(TelegramBadRequest, match=error):
            await call
    await bot.close_forum_topic(chat_id, thread_id)
    await bot.send_message(chat_id, "x", message_thread_id=thread_id)
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await second.send_message(chat_id, "x", message_thread_id=thread_id)


async def test_a_group_that_is_no_forum(sandbox: SandboxClient, bot: Bot, raw: Raw) -> None:
    chat_id = await led(sandbox, bot)
    for method in ("createForumTopic", "closeGeneralForumTopic"):
        body = (await raw(method, chat_id=chat_id, name="x"))[1]
        assert body["description"] == "Bad Request: the chat is not a forum"
    with pytest.raises(SandboxError, match="is no forum: set_forum first"):
        await sandbox.ask("create_topic", chat_id=chat_id, user_id=ALICE, name="x")
    old = await sandbox.ask(
        "create_group", title="Old", user_ids=[ALICE], bot_ids=[], supergroup=False
    )
    with pytest.raises(SandboxError, match="is no supergroup"):
        await sandbox.ask("set_forum", chat_id=old["id"])
    await sandbox.ask("set_forum", chat_id=chat_id)
    await sandbox.ask("set_forum", chat_id=chat_id, forum=False)
    assert not (await bot.get_chat(chat_id)).is_forum


async def test_people_rename_and_close_topics(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await forum(sandbox, bot)
    here: dict[str, Any] = {"chat_id": chat_id, "user_id": ALICE}
    made = await sandbox.ask("create_topic", **here, name="Orders")
    thread = made["message_thread_id"]
    await sandbox.ask("add_member", chat_id=chat_id, member_id=BOB)
    await drain(bot)
    for change in ({"name": "Pizza"}, {"closed": True}, {"closed": True}, {"name": "Pizza"}):
        changed = await sandbox.ask("change_topic", **here, thread_id=thread, **change)
    assert (changed["name"], changed["closed"]) == ("Pizza", True)
    assert await told(bot) == ["forum_topic_edited", "forum_topic_closed"]
    [group] = await sandbox.ask("groups")
    assert [(one["name"], one["closed"]) for one in group["topics"]] == [
        ("General", False),
        ("Pizza", True),
    ]
    with pytest.raises(SandboxError, match="is closed"):
        await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="x", thread_id=thread)
    await sandbox.ask("send", chat_id=chat_id, user_id=ALICE, text="x", thread_id=thread)
    await sandbox.ask("change_topic", **here, thread_id=thread, closed=False)
    await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="x", thread_id=thread)
    with pytest.raises(SandboxError, match="may not do that"):
        await sandbox.ask("change_topic", **here | {"user_id": BOB}, thread_id=thread)
    with pytest.raises(SandboxError, match="the topics are"):
        await sandbox.ask("change_topic", **here, thread_id=99)
