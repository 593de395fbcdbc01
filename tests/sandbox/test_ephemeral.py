"""Messages that one member of a group sees."""

from collections.abc import Awaitable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    EphemeralMessageParameters,
    InputMediaPhoto,
    InputRichMessage,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, SECOND_ID
from tests.sandbox.test_groups import drain, team
from tests.sandbox.test_sending import PNG, YES

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9
TO_BOB = EphemeralMessageParameters(receiver_user_id=BOB)


async def test_one_member_sees_it(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    sent = await bot.send_message(
        chat_id, "psst", reply_markup=YES, ephemeral_message_parameters=TO_BOB
    )
    assert (sent.message_id, sent.ephemeral_message_id) == (0, 1)
    assert sent.receiver_user
    assert sent.receiver_user.id == BOB

    async def seen(user_id: int = BOB) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await sandbox.ask(
            "ephemeral_messages", chat_id=chat_id, user_id=user_id
        )
        return found

    assert [one["text"] for one in await seen()] == ["psst"]
    assert await seen(ALICE) == []
    assert "psst" not in str(await sandbox.ask("messages", chat_id=chat_id))
    where: dict[str, Any] = {"chat_id": chat_id, "user_id": BOB, "ephemeral_message_id": 1}
    await sandbox.ask("press_ephemeral", **where, data="yes")
    query = (await drain(bot))[-1]["callback_query"]
    assert query["message"]["ephemeral_message_id"] == 1
    assert await bot.answer_callback_query(query["id"])
    with pytest.raises(SandboxError, match="has no button 'no'"):
        await sandbox.ask("press_ephemeral", **where, data="no")

    assert await bot.edit_ephemeral_message_text(chat_id, BOB, 1, "louder")
    assert [one.get("reply_markup") for one in await seen()] == [None]
    assert await bot.edit_ephemeral_message_reply_markup(chat_id, BOB, 1, reply_markup=YES)
    rich = InputRichMessage(html="<p>rich</p>")
    assert await bot.edit_ephemeral_message_text(chat_id, BOB, 1, rich_message=rich)
    [message] = await seen()
    assert ("text" in message, "rich_message" in message) == (False, True)
    assert await bot.delete_ephemeral_message(chat_id, BOB, 1)
    assert await seen() == []
    with pytest.raises(SandboxError, match="no ephemeral message 1 for user 8"):
        await sandbox.ask("press_ephemeral", **where, data="yes")


async def test_a_picture_for_one(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    file = BufferedInputFile(PNG, "a.png")
    await bot.send_photo(chat_id, file, caption="x", ephemeral_message_parameters=TO_BOB)
    assert await bot.edit_ephemeral_message_caption(chat_id, BOB, 1, caption="y")
    assert await bot.edit_ephemeral_message_media(chat_id, BOB, 1, InputMediaPhoto(media=file))
    [message] = await sandbox.ask("ephemeral_messages", chat_id=chat_id, user_id=BOB)
    assert message["photo"]
    assert "caption" not in message


async def test_what_cannot_be_said_to_one(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    chat_id = await team(sandbox, bot.id, SECOND_ID)
    await sandbox.send(bot.id, "hi")
    await bot.send_message(chat_id, "psst", ephemeral_message_parameters=TO_BOB)

    def say(where: int = chat_id, **about: Any) -> Awaitable[Any]:
        told = EphemeralMessageParameters(**{"receiver_user_id": BOB, **about})
        return bot.send_message(where, "x", ephemeral_message_parameters=told)

    calls: list[tuple[Awaitable[Any], str]] = [
        (say(ALICE), "method is available only for groups and supergroups"),
        (say(receiver_user_id=CAROL), "USER_NOT_PARTICIPANT"),
        (say(callback_query_id="1"), "query is too old"),
        (say(replace_callback_query_message=True), "does not model"),
        (bot.edit_ephemeral_message_text(chat_id, BOB, 1, "psst"), "message is not modified"),
        (bot.edit_ephemeral_message_text(chat_id, BOB, 2, "x"), "MESSAGE_ID_INVALID"),
        (second.delete_ephemeral_message(chat_id, BOB, 1), "MESSAGE_ID_INVALID"),
    ]
    for call, error in calls:
        with pytest.raises(TelegramBadRequest, match=error):
            await call
