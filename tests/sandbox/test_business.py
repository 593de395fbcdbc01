"""Business accounts that bots act for."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InputChecklist,
    InputChecklistTask,
    Message,
    ReplyParameters,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_groups import drain
from tests.sandbox.test_sending import YES

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9


async def shop(sandbox: SandboxClient, bot: Bot, *rights: str) -> str:
    """Alice has a shop, for which the bot acts, and to which Bob has written. All updates have been
    read."""
    given: dict[str, Any] = {"rights": list(rights)} if rights else {}
    made = await sandbox.ask("connect_business", bot_id=BOT_ID, user_id=ALICE, **given)
    await sandbox.ask("write_business", connection_id=made["id"], user_id=BOB, text="Open?")
    await drain(bot)
    return str(made["id"])


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
        await bot.get_business_account_gifts(made["id"])


async def test_the_bot_answers_for_the_owner(sandbox: SandboxClient, bot: Bot) -> None:
    shop_id = await shop(sandbox, bot)
    where: dict[str, Any] = {"connection_id": shop_id, "user_id": BOB}
    asked = await sandbox.ask("write_business", **where, text="Tea?")
    [update] = await drain(bot)
    message = update["business_message"]
    assert (message["from_user"]["id"], message["chat"]["id"]) == (BOB, BOB)
    assert message["business_connection_id"] == shop_id
    sent = await bot.send_message(
        BOB, "Yes", business_connection_id=shop_id, reply_markup=YES,
        reply_parameters=ReplyParameters(message_id=asked["message"]["message_id"]),
    )  # fmt: skip
    assert sent.from_user
    assert sent.sender_business_bot
    assert (sent.from_user.id, sent.sender_business_bot.id) == (ALICE, BOT_ID)
    edited = await bot.edit_message_text(
        "No", chat_id=BOB, message_id=sent.message_id, business_connection_id=shop_id
    )
    assert isinstance(edited, Message)
    assert edited.text == "No"
    assert await bot.send_chat_action(BOB, "typing", business_connection_id=shop_id)
    seen = await sandbox.ask("business_messages", **where)
    assert [one["text"] for one in seen] == ["Open?", "Tea?", "No"]
    # The bot's own private chat with Bob is another one.
    assert await sandbox.messages(BOT_ID, BOB) == []
    with pytest.raises(TelegramBadRequest, match="BUSINESS_PEER_INVALID"):
        await bot.send_message(CAROL, "x", business_connection_id=shop_id)


async def test_people_edit_and_delete(sandbox: SandboxClient, bot: Bot) -> None:
    shop_id = await shop(sandbox, bot)
    where: dict[str, Any] = {"connection_id": shop_id, "user_id": BOB}
    await sandbox.ask("edit_business", **where, message_id=1, text="Are you open?")
    await sandbox.ask("write_business", **where, text="Always", by_owner=True)
    await sandbox.ask("delete_business", **where, message_ids=[1])
    edited, answered, deleted = await drain(bot)
    assert edited["edited_business_message"]["text"] == "Are you open?"
    assert answered["business_message"]["from_user"]["id"] == ALICE
    assert deleted["deleted_business_messages"]["message_ids"] == [1]
    assert deleted["deleted_business_messages"]["chat"]["id"] == BOB
    sent = await bot.send_message(BOB, "x", business_connection_id=shop_id)
    with pytest.raises(SandboxError, match="is the bot's"):
        await sandbox.ask("edit_business", **where, message_id=sent.message_id, text="x")


async def test_the_bot_deletes(sandbox: SandboxClient, bot: Bot) -> None:
    shop_id = await shop(sandbox, bot, "can_reply", "can_delete_sent_messages")
    sent = await bot.send_message(BOB, "x", business_connection_id=shop_id)
    with pytest.raises(TelegramBadRequest, match="BOT_ACCESS_FORBIDDEN"):
        await bot.delete_business_messages(shop_id, [1, sent.message_id])
    assert await bot.delete_business_messages(shop_id, [sent.message_id, 99])
    assert len(await sandbox.ask("business_messages", connection_id=shop_id, user_id=BOB)) == 1


async def test_a_checklist(sandbox: SandboxClient, bot: Bot, raw: Raw) -> None:
    shop_id = await shop(sandbox, bot)
    tea = InputChecklistTask(id=1, text="Tea")
    made = InputChecklist(title="Order", tasks=[tea], others_can_add_tasks=True)
    sent = await bot.send_checklist(shop_id, BOB, made)
    assert sent.checklist
    assert (sent.checklist.title, sent.checklist.others_can_add_tasks) == ("Order", True)
    made = InputChecklist(title="<b>Order</b>", tasks=[tea, InputChecklistTask(id=2, text="Milk")])
    edited = await bot.edit_message_checklist(shop_id, BOB, sent.message_id, made)
    assert edited.checklist
    assert [one.text for one in edited.checklist.tasks] == ["Tea", "Milk"]
    twice = {"title": "x", "tasks": [{"id": 1, "text": "a"}, {"id": 1, "text": "b"}]}
    _, body = await raw(
        "sendChecklist", business_connection_id=shop_id, chat_id=BOB, checklist=twice
    )
    assert body["description"] == "Bad Request: CHECKLIST_INVALID"


async def test_what_is_wrong_with_a_connection(sandbox: SandboxClient, bot: Bot) -> None:
    with pytest.raises(SandboxError, match="there is no can_fly"):
        await sandbox.ask("connect_business", bot_id=BOT_ID, user_id=ALICE, rights=["can_fly"])
    with pytest.raises(SandboxError, match="no connection x"):
        await sandbox.ask("disconnect_business", connection_id="x")
    shop_id = await shop(sandbox, bot)
    with pytest.raises(SandboxError, match="user 9 has not written"):
        await sandbox.ask("business_messages", connection_id=shop_id, user_id=CAROL)


async def test_a_checklist_is_ticked(sandbox: SandboxClient, bot: Bot) -> None:
    shop_id = await shop(sandbox, bot)
    todo = InputChecklist(
        title="To do", tasks=[InputChecklistTask(id=4, text="Bake")], others_can_add_tasks=True
    )
    sent = await bot.send_checklist(shop_id, BOB, todo)
    where: dict[str, Any] = {"connection_id": shop_id, "chat_id": BOB}
    where["message_id"] = sent.message_id
    await sandbox.ask("add_tasks", **where, user_id=BOB, texts=["Eat"])
    [update] = await drain(bot)
    added = update["business_message"]["checklist_tasks_added"]
    assert [one["text"] for one in added["tasks"]] == ["Eat"]
    [_, eat] = added["checklist_message"]["checklist"]["tasks"]
    with pytest.raises(SandboxError, match="others_can_mark_tasks_as_done: its author alone"):
        await sandbox.ask("tick", **where, user_id=BOB, task_ids=[4])
    await sandbox.ask("tick", **where, user_id=ALICE, task_ids=[4, eat["id"]])
    await sandbox.ask("tick", **where, user_id=ALICE, task_ids=[4], done=False)
    done, undone = [one["business_message"] for one in await drain(bot)]
    assert done["checklist_tasks_done"]["marked_as_done_task_ids"] == [4, eat["id"]]
    assert undone["checklist_tasks_done"]["marked_as_not_done_task_ids"] == [4]
    seen = await sandbox.ask("business_messages", connection_id=shop_id, user_id=BOB)
    tasks = next(one["checklist"]["tasks"] for one in seen if "checklist" in one)
    assert ["completed_by_user" in one for one in tasks] == [False, True]
    for wrong, error in (
        ({"task_ids": [9]}, "task_ids: there is no"),
        ({"task_ids": [4], "message_id": 1}, "is no checklist"),
    ):
        with pytest.raises(SandboxError, match=error):
            await sandbox.ask("tick", **where | wrong, user_id=ALICE)
    for texts in ([], ["x" * 101], ["x"] * 29):
        with pytest.raises(SandboxError, match="texts: "):
            await sandbox.ask("add_tasks", **where, user_id=ALICE, texts=texts)
