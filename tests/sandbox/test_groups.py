"""Groups: who gets what, who may do what; and users who block a bot."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    WebAppInfo,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID
from tests.sandbox.test_sending import PNG, YES

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9
TYPES = ["message", "chat_member", "my_chat_member", "callback_query", "message_reaction"]


async def team(sandbox: SandboxClient, *bot_ids: int) -> int:
    """A group of Alice, who owns it, Bob and the bots."""
    group = await sandbox.ask(
        "create_group", title="Team", user_ids=[ALICE, BOB], bot_ids=list(bot_ids or (BOT_ID,))
    )
    return int(group["id"])


async def led(sandbox: SandboxClient, bot: Bot, *bot_ids: int) -> int:
    """The same with the bot as an administrator, who asked for everything and has read it."""
    chat_id = await team(sandbox, *bot_ids)
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID)
    await bot.get_updates(-1, allowed_updates=TYPES)
    await drain(bot)
    return chat_id


async def hear_all(sandbox: SandboxClient) -> None:
    """The bots that are there have no privacy mode from now on."""
    for bot in await sandbox.bots():
        await sandbox.ask("set_privacy", bot_id=bot["id"], private=False)


async def drain(bot: Bot) -> list[dict[str, Any]]:
    """All updates that wait, without their ids; they are confirmed."""
    updates = await bot.get_updates()
    if updates:
        await bot.get_updates(updates[-1].update_id + 1)
    return [one.model_dump(exclude_none=True, exclude={"update_id"}) for one in updates]


async def kinds(bot: Bot) -> list[str]:
    """What the waiting updates are about: the kind, of a message its content."""
    found = []
    for update in await drain(bot):
        [(kind, content)] = update.items()
        known = ("text", "new_chat_members", "left_chat_member", "new_chat_title", "pinned_message")
        found.append(next((name for name in known if name in content), kind))
    return found


async def test_every_bot_hears_the_users_and_no_bot_another(
    sandbox: SandboxClient, bot: Bot, second: Bot
) -> None:
    chat_id = await team(sandbox, BOT_ID, SECOND_ID)
    await drain(bot)
    await drain(second)
    await hear_all(sandbox)
    await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="hello")
    sent = await bot.send_message(chat_id, "hello Bob", reply_markup=YES)
    await second.send_message(chat_id, "hello, too")
    assert await kinds(bot) == await kinds(second) == ["text"]
    seen = (await sandbox.ask("messages", chat_id=chat_id))[-3:]
    texts = [message["text"] for message in seen]
    assert texts == ["hello", "hello Bob", "hello, too"]
    await sandbox.ask("press", chat_id=chat_id, user_id=BOB, message_id=sent.message_id, data="yes")
    assert (await kinds(bot), await kinds(second)) == (["callback_query"], [])


async def test_a_bot_is_added_and_removed(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    [added, message] = await drain(bot)
    assert added["my_chat_member"]["old_chat_member"]["status"] == "left"
    assert added["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert message["message"]["new_chat_members"][0]["id"] == BOT_ID
    await sandbox.ask("remove_member", chat_id=chat_id, member_id=BOT_ID)
    assert await kinds(bot) == ["left_chat_member", "my_chat_member"]
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await bot.send_message(chat_id, "x")
    await sandbox.ask("add_member", chat_id=chat_id, member_id=BOT_ID)
    assert await bot.leave_chat(chat_id)
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup"):
        await bot.get_chat(chat_id)


async def test_changes_of_others_are_told_to_administrators_who_ask(
    sandbox: SandboxClient, bot: Bot, second: Bot
) -> None:
    chat_id = await led(sandbox, bot, BOT_ID, SECOND_ID)
    await drain(second)
    await sandbox.ask("add_member", chat_id=chat_id, member_id=CAROL)
    await sandbox.ask("remove_member", chat_id=chat_id, member_id=CAROL)
    joined, left = ["chat_member", "new_chat_members"], ["left_chat_member", "chat_member"]
    assert await kinds(bot) == joined + left
    assert await kinds(second) == ["new_chat_members", "left_chat_member"]


async def test_members_as_bots_see_them(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await led(sandbox, bot, BOT_ID, SECOND_ID)
    await sandbox.ask("promote", chat_id=chat_id, member_id=SECOND_ID)
    assert await bot.get_chat_member_count(chat_id) == 4
    assert (await bot.get_chat_member(chat_id, CAROL)).status == "left"
    administrators = await bot.get_chat_administrators(chat_id)
    assert [one.user.id for one in administrators] == [ALICE, BOT_ID]
    everybody = await bot.get_chat_administrators(chat_id, return_bots=True)
    assert [one.user.id for one in everybody] == [ALICE, BOT_ID, SECOND_ID]
    with pytest.raises(TelegramBadRequest, match="user not found"):
        await bot.get_chat_member(chat_id, 12345)
    await sandbox.send(BOT_ID, "hi")
    assert (await bot.get_chat_member(ALICE, ALICE)).status == "member"
    assert await bot.get_chat_member_count(ALICE) == 2
    with pytest.raises(TelegramBadRequest, match="there are no administrators in the private"):
        await bot.get_chat_administrators(ALICE)


async def test_changing_a_group(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    assert await bot.set_chat_title(chat_id, "New")
    assert await bot.set_chat_description(chat_id, "About")
    assert await bot.set_chat_photo(chat_id, BufferedInputFile(PNG, "a.png"))
    chat = await bot.get_chat(chat_id)
    assert (chat.title, chat.description) == ("New", "About")
    assert chat.photo
    found = await bot.get_file(chat.photo.big_file_id)
    assert found.file_size == len(PNG)
    assert await bot.delete_chat_photo(chat_id)
    sent = await bot.send_message(chat_id, "x")
    assert sent.chat.title == "New"
    assert await bot.pin_chat_message(chat_id, sent.message_id)
    # A bot hears of its own service messages.
    assert await kinds(bot) == ["new_chat_title", "message", "message", "pinned_message"]
    for error, change in (
        ("chat description is not modified", bot.set_chat_description(chat_id, "About")),
        ("CHAT_NOT_MODIFIED", bot.delete_chat_photo(chat_id)),
        ("title must be non-empty", bot.set_chat_title(chat_id, " ")),
    ):
        with pytest.raises(TelegramBadRequest, match=error):
            await change


async def test_web_apps_are_for_private_chats(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    await sandbox.send(BOT_ID, "hi")
    app = InlineKeyboardButton(text="Open", web_app=WebAppInfo(url="https://example.com"))
    markup = InlineKeyboardMarkup(inline_keyboard=[[app]])
    sent = await bot.send_message(chat_id, "x")
    assert await bot.send_message(ALICE, "x", reply_markup=markup)
    with pytest.raises(TelegramBadRequest, match="BUTTON_TYPE_INVALID"):
        await sent.edit_text("y", reply_markup=markup)


async def test_deleting_in_a_group(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    users = await sandbox.ask("send", chat_id=chat_id, user_id=BOB, text="spam")
    own = await bot.send_message(chat_id, "x")
    both = [own.message_id, users["message"]["message_id"]]
    with pytest.raises(TelegramBadRequest, match=r"message can't be deleted$"):
        await bot.delete_messages(chat_id, both)
    old = await sandbox.ask(
        "create_group", title="Old", user_ids=[ALICE], bot_ids=[BOT_ID], supergroup=False
    )
    assert old["type"] == "group"
    with pytest.raises(TelegramBadRequest, match="message can't be deleted for everyone"):
        await bot.delete_message(old["id"], 1)
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID)
    assert await bot.delete_messages(chat_id, both)


async def test_a_user_blocks_the_bot(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    await drain(bot)
    await sandbox.ask("block", bot_id=BOT_ID, user_id=ALICE, blocked=True)
    [update] = await drain(bot)
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(ALICE, "x")
    with pytest.raises(SandboxError, match="unblock it first"):
        await sandbox.send(BOT_ID, "hi")
    assert (await bot.get_chat(ALICE)).first_name == "Alice"
    await sandbox.ask("block", bot_id=BOT_ID, user_id=ALICE, blocked=False)
    [update] = await drain(bot)
    assert update["my_chat_member"]["old_chat_member"]["status"] == "kicked"
    await bot.send_message(ALICE, "x")


async def test_a_group_whose_id_a_test_makes_up(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi", chat_id=-100)
    assert (await bot.get_chat(-100)).type == "group"
    with pytest.raises(TelegramBadRequest, match="method is available for supergroup"):
        await bot.promote_chat_member(-100, BOB)


async def test_privacy_mode(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await team(sandbox)
    await sandbox.ask("add_member", chat_id=chat_id, member_id=SECOND_ID)
    assert not (await bot.get_me()).can_read_all_group_messages
    await drain(bot)

    async def heard(text: str | None, **about: Any) -> bool:
        await sandbox.ask("send", chat_id=chat_id, text=text, **about)
        found = await drain(bot)
        assert len(found) < 2
        return bool(found)

    assert not await heard("hello")
    assert not await heard("a /start within")
    assert await heard("/start")
    name = (await bot.me()).username
    assert await heard(f"/start@{name}")
    assert not await heard("/start@somebody_else")
    sent = await bot.send_message(chat_id, "Yes?")
    assert await heard("you", reply_to=sent.message_id)
    # The other bot was the last to write: a command that names nobody is for it.
    await second.send_message(chat_id, "Me, too")
    assert not await heard("/start")
    await sandbox.ask("add_member", chat_id=chat_id, member_id=9)
    assert "new_chat_members" in (await drain(bot))[0]["message"]
    shared = {"request_id": 1, "users": [{"user_id": BOB}]}
    assert await heard(None, content={"users_shared": shared})
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID)
    await drain(bot)
    assert await heard("administrators hear all")
    await sandbox.ask("promote", chat_id=chat_id, member_id=BOT_ID, status="member")
    await drain(bot)
    assert not await heard("others do not")
    await sandbox.ask("set_privacy", bot_id=BOT_ID, private=False)
    assert (await bot.get_me()).can_read_all_group_messages
    assert await heard("but without privacy mode")
    await sandbox.send(BOT_ID, "and in private, too")
    assert len(await drain(bot)) == 1


async def test_a_message_that_is_sent_to_a_bot_reaches_it_whatever_its_privacy_mode(
    sandbox: SandboxClient, bot: Bot, second: Bot
) -> None:
    chat_id = await team(sandbox, SECOND_ID, BOT_ID)
    await drain(bot)
    await drain(second)
    update_id = await sandbox.send(BOT_ID, "hello", chat_id=chat_id)
    [update] = await bot.get_updates()
    assert update.update_id == update_id
    assert update.message
    about = {"user_id": ALICE, "chat_id": chat_id, "message_id": update.message.message_id}
    await sandbox.ask("edit", bot_id=BOT_ID, text="hello?", **about)
    await sandbox.ask("edit", text="hello!", **about)
    assert await kinds(bot) == ["text", "text"]
    pushed = {"chat": update.message.chat.model_dump(exclude_none=True), "date": 1, "text": "raw"}
    sender = {"id": BOB, "is_bot": False, "first_name": "Bob"}
    await sandbox.push(BOT_ID, [{"message": pushed | {"message_id": 99, "from": sender}}])
    assert await kinds(bot) == ["text"]
    assert await kinds(second) == []
