"""Messages, buttons and chats: what they look like and what Telegram refuses."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters

from sandbox.client import NoReplyError, SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw

YES = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]]
)


async def test_a_message_and_its_reply(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "/start now", first_name="Bob")
    [update] = await bot.get_updates()
    message = update.message
    assert message
    assert message.from_user
    assert message.entities
    assert message.from_user.first_name == "Bob"
    assert message.entities[0].extract_from("/start now") == "/start"

    sent = await bot.send_message(
        ALICE, "hello", reply_parameters=ReplyParameters(message_id=message.message_id)
    )
    assert sent.reply_to_message
    assert sent.reply_to_message.text == "/start now"
    reply = await sandbox.reply(BOT_ID, ALICE)
    assert (reply["text"], reply["message_id"]) == ("hello", sent.message_id)


async def test_reply_waits_for_the_next_message(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "one")
    waiting = asyncio.create_task(sandbox.reply(BOT_ID, ALICE))
    first = await bot.send_message(ALICE, "1")
    assert (await waiting)["message_id"] == first.message_id
    second = await bot.send_message(ALICE, "2")
    assert (await sandbox.reply(BOT_ID, ALICE))["text"] == "2"
    assert (await sandbox.reply(BOT_ID, ALICE, after=first.message_id))["text"] == "2"
    await bot.send_message(ALICE, "late")

    await sandbox.send(BOT_ID, "two")  # what came before this is no answer to it
    with pytest.raises(NoReplyError, match=r"(?s)0\.1 s; the bot is idle, .*: 2.*Alice: two"):
        await sandbox.reply(BOT_ID, ALICE, timeout=0.1)
    assert (await sandbox.reply(BOT_ID, ALICE, after=second.message_id))["text"] == "late"


async def test_buttons_edits_and_deletions(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "ask me")
    asked = await bot.send_message(ALICE, "Sure?", reply_markup=YES)
    update_id = await sandbox.press(BOT_ID, ALICE, asked.message_id, "yes")
    query = (await bot.get_updates(update_id))[0].callback_query
    assert query
    assert query.message
    assert (query.data, query.message.message_id) == ("yes", asked.message_id)

    editing = asyncio.create_task(sandbox.edited(BOT_ID, ALICE, asked.message_id))
    assert await bot.answer_callback_query(query.id, "Done", show_alert=True)
    await bot.edit_message_text("Sure.", chat_id=ALICE, message_id=asked.message_id)
    edited = await editing
    assert edited["text"] == "Sure."
    assert "reply_markup" not in edited  # an edit without the keyboard takes it away
    assert (await sandbox.messages(BOT_ID, ALICE))[-1] == edited

    await bot.edit_message_reply_markup(
        chat_id=ALICE, message_id=asked.message_id, reply_markup=YES
    )
    assert (await sandbox.messages(BOT_ID, ALICE))[-1]["reply_markup"] == {
        "inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]
    }
    await bot.delete_message(ALICE, asked.message_id)
    assert [message["text"] for message in await sandbox.messages(BOT_ID, ALICE)] == ["ask me"]

    with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
        await bot.answer_callback_query(query.id)
    with pytest.raises(SandboxError, match="no message"):
        await sandbox.press(BOT_ID, ALICE, asked.message_id, "yes")


async def test_a_button_that_is_not_there_cannot_be_pressed(
    sandbox: SandboxClient, bot: Bot
) -> None:
    await sandbox.send(BOT_ID, "ask me")
    asked = await bot.send_message(ALICE, "Sure?", reply_markup=YES)
    with pytest.raises(SandboxError, match=r"no button 'no'; it has \['yes'\]"):
        await sandbox.press(BOT_ID, ALICE, asked.message_id, "no")


async def test_events_of_a_chat(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hello")
    events = sandbox.events(BOT_ID, ALICE)
    assert (await anext(events))["event"] == "hello"
    await bot.send_chat_action(ALICE, "typing")
    sent = await bot.send_message(ALICE, "x", reply_markup=YES)
    await sandbox.press(BOT_ID, ALICE, sent.message_id, "yes")
    [*_, update] = await bot.get_updates()
    assert update.callback_query
    await bot.answer_callback_query(update.callback_query.id, "Thanks")
    await bot.edit_message_text("y", chat_id=ALICE, message_id=sent.message_id)
    await bot.delete_message(ALICE, sent.message_id)
    seen = [await anext(events) for _ in range(5)]
    assert [event["event"] for event in seen] == [
        "action",
        "message",
        "callback_answer",
        "edit",
        "delete",
    ]
    assert (seen[2]["text"], seen[2]["show_alert"], seen[2]["user_id"]) == ("Thanks", False, ALICE)


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 99, "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": "@nobody", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": 7, "text": " \n"}, "text must be non-empty"),
        ("sendMessage", {"chat_id": 7, "text": ""}, "message text is empty"),
        ("sendMessage", {"chat_id": 7, "text": "😀" * 2049}, "message is too long"),
        ("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": "{"}, "can't parse reply"),
        ("sendMessage", {"chat_id": 7, "text": "x", "parse_mode": "rtf"}, "unsupported parse_mode"),
        (
            "sendMessage",
            {"chat_id": 7, "text": "x", "reply_parameters": {"message_id": 99}},
            "message to be replied not found",
        ),
        (
            "sendMessage",
            {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed",
        ),
        (
            "sendMessage",
            {
                "chat_id": 7,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]},
            },
            "BUTTON_DATA_INVALID",
        ),
        ("editMessageText", {"chat_id": 7, "text": "x"}, "message to edit not found"),
        (
            "editMessageText",
            {"chat_id": 7, "message_id": 99, "text": "x"},
            "message to edit not found",
        ),
        (
            "editMessageText",
            {"chat_id": 7, "message_id": 1, "text": "x"},
            "message can't be edited",
        ),
        (
            "editMessageText",
            {"chat_id": 7, "message_id": 2, "text": "hello"},
            "message is not modified: specified new message content and reply markup are exactly",
        ),
        ("editMessageReplyMarkup", {"chat_id": 7, "message_id": 2}, "message is not modified"),
        ("deleteMessage", {"chat_id": 7, "message_id": 99}, "message to delete not found"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
        ("sendChatAction", {"chat_id": 7, "action": "dance"}, "wrong parameter action in request"),
        ("getChat", {"chat_id": 99}, "chat not found"),
        (
            "sendMessage",
            {"chat_id": 7, "text": "x", "reply_markup": []},
            "object expected as reply",
        ),
        (
            "sendMessage",
            {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[1]]}},
            "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
        ),
        ("setMyCommands", {"commands": {}}, "expected an Array of BotCommand"),
        (
            "setMyCommands",
            {"commands": [{"command": "A b", "description": "x"}]},
            "BOT_COMMAND_INVALID",
        ),
    ],
)
async def test_what_telegram_refuses(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    await raw("sendMessage", chat_id=ALICE, text="hello")
    status, body = await raw(method, **params)
    assert (status, body["ok"], body["error_code"]) == (400, False, 400)
    assert body["description"].startswith(f"Bad Request: {error}")


async def test_html_becomes_entities(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    source = '😀 <b>bold <i>both</i></b> &lt;3 <a href="https://x.y/?a=1">link</a> <code>c</code>'
    message = await bot.send_message(ALICE, source, parse_mode=ParseMode.HTML)
    assert message.text == "😀 bold both <3 link c"
    # Telegram cuts a style in two where another begins inside it.
    assert message.html_text == source.replace(
        "bold <i>both</i></b>", "bold </b><b><i>both</i></b>"
    )


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("é<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
        ("<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
    ],
)
async def test_wrong_html(sandbox: SandboxClient, raw: Raw, source: str, error: str) -> None:
    await sandbox.send(BOT_ID, "hi")
    _, body = await raw("sendMessage", chat_id=ALICE, text=source, parse_mode="HTML")
    assert body["description"] == f"Bad Request: can't parse entities: {error}"


async def test_about_the_bot_and_its_chats(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi", first_name="Bob")
    await sandbox.send(BOT_ID, "hi", chat_id=-5)
    assert (await bot.me()).username == f"sandbox_{BOT_ID}_bot"
    assert (await bot.get_chat(ALICE)).first_name == "Bob"
    assert (await bot.get_chat(-5)).type == "group"
    commands = [BotCommand(command="start", description="Begin")]
    assert await bot.set_my_commands(commands)
    assert [one.description for one in await bot.get_my_commands()] == ["Begin"]
    assert await bot.get_my_commands(language_code="de") == []


async def test_two_bots_have_chats_of_their_own(sandbox: SandboxClient, bot: Bot) -> None:
    other = await sandbox.add("1000002:x")
    await sandbox.send(BOT_ID, "to one")
    await sandbox.send(other, "to the other")
    await bot.send_message(ALICE, "hi")
    assert len(await sandbox.messages(BOT_ID, ALICE)) == 2
    assert len(await sandbox.messages(other, ALICE)) == 1


async def test_parameters_come_in_four_ways(
    sandbox: SandboxClient, url: str, http: aiohttp.ClientSession
) -> None:
    await sandbox.send(BOT_ID, "hi")
    address = f"{url}/bot{TOKEN}/SENDMESSAGE"
    params = {"chat_id": str(ALICE), "text": "é"}
    multipart = aiohttp.MultipartWriter("form-data")
    for name, value in params.items():
        multipart.append(value).set_content_disposition("form-data", name=name)
    for arguments in ({"params": params}, {"data": params}, {"json": params}, {"data": multipart}):
        async with http.post(address, **arguments) as answer:
            assert answer.status == 200
            assert (await answer.json())["result"]["text"] == "é"
    calls = await sandbox.calls(BOT_ID, "sendMessage")
    assert [call["params"] for call in calls] == [{"chat_id": ALICE, "text": "é"}] * 4
