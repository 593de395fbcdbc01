"""What is pushed becomes true: bots can answer it, and people see it."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, state

ERIN = {"id": 77, "is_bot": False, "first_name": "Erin", "language_code": "fr"}
GROUP: dict[str, Any] = {"id": -1001000000077, "type": "supergroup", "title": "Pushed"}
CHANNEL: dict[str, Any] = {"id": -1001000000078, "type": "channel", "title": "News"}


def private(user: dict[str, Any]) -> dict[str, Any]:
    return {"id": user["id"], "type": "private", "first_name": user["first_name"]}


def message(chat: dict[str, Any], **about: Any) -> dict[str, Any]:
    return {"message_id": 50, "date": 1, "chat": chat, "from": ERIN, "text": "hi", **about}


async def test_who_writes_is_known_and_can_be_answered(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.push(BOT_ID, [{"message": message(private(ERIN))}])
    sent = await bot.send_message(77, "hello", reply_to_message_id=50)
    assert sent.message_id == 51
    [erin] = [one for one in await sandbox.ask("users") if one["id"] == 77]
    assert erin == ERIN
    await sandbox.push(BOT_ID, [{"edited_message": message(private(ERIN), text="hey")}])
    assert [one["text"] for one in await sandbox.messages(BOT_ID, 77)] == ["hey", "hello"]


async def test_a_group_has_who_writes_in_it(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.push(BOT_ID, [{"message": message(GROUP)}])
    assert (await bot.get_chat(GROUP["id"])).title == "Pushed"
    assert (await bot.get_chat_member(GROUP["id"], 77)).status == "member"
    await bot.send_message(GROUP["id"], "x", reply_to_message_id=50)


async def test_a_channel_post_can_be_replied_to(sandbox: SandboxClient, bot: Bot) -> None:
    post = {"message_id": 5, "date": 1, "chat": CHANNEL, "sender_chat": CHANNEL, "text": "News!"}
    await sandbox.push(BOT_ID, [{"channel_post": post}])
    sent = await bot.send_message(CHANNEL["id"], "More", reply_to_message_id=5)
    assert sent.reply_to_message
    assert sent.reply_to_message.text == "News!"


async def test_what_a_member_is(sandbox: SandboxClient, bot: Bot) -> None:
    member = {"user": ERIN, "status": "restricted", "is_member": True, "until_date": 0}
    permissions = dict.fromkeys(("can_send_messages", "can_send_polls"), False)
    changed = {"chat": GROUP, "from": ERIN, "date": 1, "old_chat_member": {}}
    new = {"new_chat_member": member | permissions}
    await sandbox.push(BOT_ID, [{"chat_member": changed | new}])
    described = await sandbox.ask("groups")
    assert [one["status"] for one in described[0]["members"] if one["user"]["id"] == 77] == [
        "restricted"
    ]
    left = {"user": (await bot.get_me()).model_dump(), "status": "left"}
    await sandbox.push(BOT_ID, [{"my_chat_member": changed | {"new_chat_member": left}}])
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup chat"):
        await bot.send_message(GROUP["id"], "x")


async def test_who_blocks_the_bot(sandbox: SandboxClient, bot: Bot) -> None:
    me = (await bot.get_me()).model_dump()
    changed = {"chat": private(ERIN), "from": ERIN, "date": 1, "old_chat_member": {}}

    async def push(status: str) -> None:
        new = {"user": me, "status": status, "until_date": 0}
        await sandbox.push(BOT_ID, [{"my_chat_member": changed | {"new_chat_member": new}}])

    await push("kicked")
    assert (await state(sandbox))["blocked_by"] == [77]
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(77, "x")
    await push("member")
    await bot.send_message(77, "x")


async def test_queries_can_be_answered_once(sandbox: SandboxClient, bot: Bot) -> None:
    query = {"id": "q1", "from": ERIN, "chat_instance": "1", "data": "x"}
    await sandbox.push(
        BOT_ID,
        [
            {"callback_query": query | {"message": message(private(ERIN))}},
            {"inline_query": {"id": "q2", "from": ERIN, "query": "", "offset": ""}},
            {"pre_checkout_query": {"id": "q3", "from": ERIN, "currency": "XTR"}},
        ],
    )
    assert await bot.answer_callback_query("q1")
    assert await bot.answer_inline_query("q2", [])
    assert await bot.answer_pre_checkout_query("q3", ok=True)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query("q1")
    assert (await bot.get_chat(77)).first_name == "Erin"


async def test_what_lacks_everything_is_pushed_as_it_is(sandbox: SandboxClient) -> None:
    kinds = ("message", "edited_message", "chat_member", "my_chat_member", "callback_query")
    await sandbox.push(BOT_ID, [{kind: {}} for kind in kinds])
    about = {"chat": GROUP}
    await sandbox.push(BOT_ID, [{kind: about} for kind in (*kinds, "chat_join_request")])
    assert (await state(sandbox))["pending"] == 9  # of members it did not ask to hear
    assert ALICE in {one["id"] for one in await sandbox.ask("users")}
