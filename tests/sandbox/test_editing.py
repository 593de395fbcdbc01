"""Edits and deletions: what they keep, what they drop, what is refused."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    ReplyParameters,
)

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_sending import YES, Send, data, picture

pytestmark = pytest.mark.usefixtures("fitting")
NOT_MODIFIED = "message is not modified: specified new message content and reply markup"


async def test_a_text(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    reply = ReplyParameters(message_id=1)
    sent = await bot.send_message(ALICE, "one", reply_markup=YES, reply_parameters=reply)
    edited = await sent.edit_text("<b>two</b>", parse_mode="HTML")
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup, edited.message_id) == ("two", None, sent.message_id)
    assert edited.edit_date
    assert edited.date == sent.date
    assert edited.reply_to_message
    with pytest.raises(TelegramBadRequest, match=NOT_MODIFIED):
        await sent.edit_text("*two*", parse_mode="Markdown")
    again = await sent.edit_text("two")  # without the formatting it is another text
    assert isinstance(again, Message)
    assert again.entities is None


async def test_a_caption_keeps_the_file(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_photo(ALICE, picture(), caption="one", has_spoiler=True)
    edited = await sent.edit_caption(caption="two", show_caption_above_media=True)
    assert isinstance(edited, Message)
    assert edited.photo == sent.photo
    assert (edited.caption, edited.has_media_spoiler) == ("two", True)
    assert edited.show_caption_above_media
    gone = await sent.edit_caption()
    assert isinstance(gone, Message)
    assert (gone.caption, gone.show_caption_above_media) == (None, None)
    text = await bot.send_message(ALICE, "x")
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await text.edit_caption(caption="x")
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await sent.edit_text("x")


async def test_another_file(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_photo(ALICE, picture(), caption="one", reply_markup=YES)
    edited = await sent.edit_media(InputMediaVideo(media=data(), caption="two"), reply_markup=YES)
    assert isinstance(edited, Message)
    assert edited.video
    assert (edited.photo, edited.caption) == (None, "two")
    assert edited.reply_markup
    same = InputMediaVideo(media=data(), caption="two")
    with pytest.raises(TelegramBadRequest, match=NOT_MODIFIED):
        await sent.edit_media(same, reply_markup=YES)
    text = await bot.send_message(ALICE, "x")
    now = await text.edit_media(InputMediaPhoto(media=picture()))
    assert isinstance(now, Message)
    assert (now.text, bool(now.photo)) == (None, True)


async def test_a_keyboard_alone(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_message(ALICE, "one", reply_markup=YES)
    other = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="No", callback_data="no")]]
    )
    edited = await sent.edit_reply_markup(reply_markup=other)
    assert isinstance(edited, Message)
    assert edited.reply_markup
    assert edited.text == "one"
    bare = await sent.edit_reply_markup()
    assert isinstance(bare, Message)
    assert bare.reply_markup is None


async def test_a_live_location(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_location(ALICE, 1, 2, live_period=600)
    edited = await sent.edit_live_location(latitude=3, longitude=4, heading=10)
    assert isinstance(edited, Message)
    assert edited.location
    assert (edited.location.latitude, edited.location.live_period) == (3, 600)
    stopped = await sent.stop_live_location()
    assert isinstance(stopped, Message)
    assert stopped.location
    assert stopped.location.live_period is None
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await sent.edit_live_location(latitude=5, longitude=6)


async def test_a_bot_edits_its_own_messages_alone(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("x", chat_id=ALICE, message_id=1)


@pytest.mark.parametrize(
    ("send", "method", "error"),
    [
        (
            lambda bot: bot.send_message(ALICE, "x", reply_markup=ForceReply()),
            "editMessageText",
            "message can't be edited",
        ),
        (
            lambda bot: bot.forward_message(ALICE, ALICE, 1),
            "editMessageText",
            "message can't be edited",
        ),
        (lambda bot: bot.send_dice(ALICE), "editMessageText", "message can't be edited"),
        (lambda bot: bot.send_dice(ALICE), "editMessageMedia", "message media can't be edited"),
        (
            lambda bot: bot.send_poll(ALICE, "Which?", ["one"]),
            "editMessageText",
            "there is no text in the message to edit",
        ),
    ],
)
async def test_what_cannot_be_edited(
    sandbox: SandboxClient, bot: Bot, raw: Raw, send: Send, method: str, error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    message = await send(bot)
    media = {"type": "photo", "media": "https://example.com/a.png"}
    about = {"chat_id": ALICE, "message_id": message.message_id, "text": "y", "media": media}
    status, body = await raw(method, **about)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


async def test_a_user_edits_a_message(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    await sandbox.ask("edit", bot_id=BOT_ID, user_id=ALICE, message_id=1, text="see /help")
    [_, update] = await bot.get_updates()
    assert update.edited_message
    assert update.edited_message.text == "see /help"
    assert update.edited_message.entities
    assert update.edited_message.edit_date


async def test_deleting(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    ids = [(await bot.send_message(ALICE, str(number))).message_id for number in range(3)]
    assert await bot.delete_message(ALICE, 1)  # a user's message, in a private chat
    assert await bot.delete_messages(ALICE, [*ids[:2], 99, ids[0]])
    assert [one["text"] for one in await sandbox.messages(BOT_ID, ALICE)] == ["2"]
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(ALICE, 1)


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        ("editMessageText", {"text": "x", "message_id": 1}, "chat_id is empty"),
        ("editMessageText", {"chat_id": 7, "message_id": 2}, "message text is empty"),
        ("editMessageText", {"inline_message_id": "1", "text": "x"}, "MESSAGE_ID_INVALID"),
        ("editMessageMedia", {"chat_id": 7, "message_id": 2}, 'parameter "media" is required'),
        (
            "editMessageMedia",
            {"chat_id": 7, "message_id": 2, "media": "x"},
            "can't parse input media JSON object",
        ),
        (
            "editMessageMedia",
            {"chat_id": 7, "message_id": 2, "media": {"type": "photo", "media": "attach://x"}},
            "can't parse InputMedia: media not found",
        ),
        ("stopMessageLiveLocation", {"chat_id": 7, "message_id": 2}, "message can't be edited"),
        ("stopPoll", {"chat_id": 7, "message_id": 1}, "poll can't be stopped"),
        ("stopPoll", {"chat_id": 7, "message_id": 2}, "message is not a poll"),
        ("stopPoll", {"chat_id": 7}, "message with poll to stop not found"),
        ("deleteMessage", {"chat_id": 7}, "message identifier is not specified"),
        ("deleteMessages", {"chat_id": 7}, "message identifiers are not specified"),
        ("deleteMessages", {"chat_id": 7, "message_ids": []}, "message identifiers are not"),
        ("deleteMessages", {"chat_id": 7, "message_ids": 5}, "expected an Array of message ident"),
        ("deleteMessages", {"chat_id": 7, "message_ids": [0]}, "invalid message identifier"),
        ("deleteMessages", {"chat_id": 7, "message_ids": [*range(1, 102)]}, "too many message"),
    ],
)
async def test_what_is_refused(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    await raw("sendMessage", chat_id=ALICE, text="hello")
    status, body = await raw(method, **params)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")


async def test_a_new_upload_of_the_same_file_is_no_change(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_document(ALICE, BufferedInputFile(b"x", "a.txt"))
    assert sent.document
    one = sent.document.file_unique_id
    again = await bot.send_document(ALICE, BufferedInputFile(b"x", "a.txt"))
    assert again.document
    assert again.document.file_unique_id == one
    assert again.document.file_id != sent.document.file_id
