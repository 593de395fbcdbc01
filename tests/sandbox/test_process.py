"""`python -m sandbox` and `python -m sandbox chat` as real processes."""

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from aiogram import Bot
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestManagedBot,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
)

from sandbox.client import SandboxClient, SandboxError
from tests.conftest import SOURCE
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN

PIPE = asyncio.subprocess.PIPE


async def start(*arguments: str, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        *arguments,
        cwd=SOURCE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "SANDBOX_PORT": "0", **env},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 300)).decode().rstrip("\n")


async def test_it_stops_at_once_with_polls_open_and_a_restart_keeps_what_happened(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    for number, before in ((signal.SIGTERM, []), (signal.SIGINT, ["hello"])):
        process = await start("--keep", str(tmp_path / "world"))
        address = re.search(r"http://127\.0\.0\.1:\d+", await line(process))
        assert address
        url = address[0]
        async with http.get(f"{url}/sandbox/health") as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "ok")
        async with SandboxClient(url) as sandbox:
            await sandbox.add(TOKEN)
            assert [one["text"] for one in await sandbox.messages(BOT_ID, ALICE)] == before
            update_id = await sandbox.send(BOT_ID, "hello")
            await sandbox.fault("hang", method="getMe")
            events = sandbox.events(BOT_ID, ALICE)
            await anext(events)
            calls = (f"getUpdates?timeout=50&offset={update_id + 1}", "getMe")
            open_calls = [asyncio.create_task(http.get(f"{url}/bot{TOKEN}/{one}")) for one in calls]
            for one in ("getUpdates", "getMe"):
                await sandbox.calls(method=one, at_least=1)
            process.send_signal(number)
            # The poll would go on for 50 s, getMe for ever.
            _, errors = await asyncio.wait_for(process.communicate(), 45)
            assert (process.returncode, errors) == (0, b"")
            await asyncio.gather(*open_calls, return_exceptions=True)
            await events.aclose()


async def test_in_a_container_it_names_the_address_outside() -> None:
    process = await start(SANDBOX_URL="http://localhost:9")
    assert await line(process) == "Sandbox, a Telegram on your desk, at http://localhost:9"
    process.send_signal(signal.SIGTERM)
    said, _ = await process.communicate()
    assert b"open http://localhost:9 in" in said
    assert b"127.0.0.1" not in said


async def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await start(SANDBOX_PORT=str(taken.getsockname()[1]))
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert re.fullmatch(r"sandbox: .*address already in use.*\n", errors.decode())


@pytest.mark.parametrize(
    ("arguments", "port", "code", "says"),
    [
        ((), "http", 2, "SANDBOX_PORT: 'http' is no port"),
        (("chat",), "1", 1, "start it with: python -m sandbox"),
        (("dance",), "0", 2, "usage: python -m sandbox"),
        (("--keep",), "0", 2, "usage: python -m sandbox"),
        (("--keep", "/"), "0", 1, "sandbox: "),
    ],
)
async def test_wrong_use(arguments: tuple[str, ...], port: str, code: int, says: str) -> None:
    process = await start(*arguments, SANDBOX_PORT=port)
    _, errors = await process.communicate()
    assert process.returncode == code
    assert says in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_chat(url: str, bot: Bot, sandbox: SandboxClient) -> None:
    chat = await start("chat", str(BOT_ID), "--url", url, "--name", "Bob")
    assert chat.stdin
    assert "/press N" in await line(chat)
    chat.stdin.write(b"hello\n")
    [update] = await bot.get_updates(timeout=10)
    assert update.message
    no_preview = LinkPreviewOptions(is_disabled=True)
    await update.message.as_(bot).answer(
        "Hi", reply_markup=keyboard(), link_preview_options=no_preview
    )
    assert [await line(chat) for _ in range(3)] == [
        "Bob: hello",
        f"Sandbox bot {BOT_ID}: Hi",
        "  [1] Yes  [2] No",
    ]
    chat.stdin.write(b"/press 3\n")
    assert await line(chat) == "! write /press and the number of a button: 1 to 2"
    chat.stdin.write(b"/press 2\n")
    [update] = await bot.get_updates(update.update_id + 1, timeout=10)
    assert update.callback_query
    assert update.callback_query.data == "no"
    await bot.answer_callback_query(update.callback_query.id, "Noted")
    assert await line(chat) == "* notice: Noted"
    chat.stdin.write(b"/quit\n")
    assert await asyncio.wait_for(chat.wait(), 300) == 0


async def test_chat_with_a_reply_keyboard(url: str, bot: Bot, sandbox: SandboxClient) -> None:
    await sandbox.send(BOT_ID, "hello")
    [update] = await bot.get_updates()
    request = KeyboardButtonRequestManagedBot(request_id=1)
    texts = [KeyboardButton(text="Say it")]
    texts.append(KeyboardButton(text="Create a bot", request_managed_bot=request))
    await bot.send_message(7, "Look", reply_markup=ReplyKeyboardMarkup(keyboard=[texts]))
    chat = await start("chat", str(BOT_ID), "--url", url)
    assert chat.stdin
    assert [await line(chat) for _ in range(4)][3] == "  [1] Say it  [2] Create a bot"
    chat.stdin.write(b"/press 1\n")
    assert await line(chat) == "Alice: Say it"
    chat.stdin.write(b"/press 2\n")
    said = [await line(chat), await line(chat)]  # the service message, and what chat says
    assert any(re.match(r"\* you created bot [0-9]+: python -m sandbox chat", one) for one in said)
    update, created, _ = await bot.get_updates(update.update_id + 1)
    assert (update.message and update.message.text, created.event_type) == ("Say it", "managed_bot")
    chat.stdin.write(b"/quit\n")
    assert await asyncio.wait_for(chat.wait(), 300) == 0


async def test_chat_lists_the_bots(url: str, sandbox: SandboxClient) -> None:
    await sandbox.add("1000002:x")
    chat = await start("chat", "--url", url)
    _, errors = await chat.communicate()
    assert chat.returncode == 1
    assert "1000001  @sandbox_1000001_bot  idle" in errors.decode()
    assert "1000002  @sandbox_1000002_bot  idle" in errors.decode()


async def test_the_client_says_that_nobody_is_there(unused_tcp_port: int) -> None:
    async with SandboxClient(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(SandboxError, match="start it with: python -m sandbox"):
            await client.bots()


async def test_the_client_says_which_bots_there_are(sandbox: SandboxClient) -> None:
    with pytest.raises(SandboxError, match=r"bot 5 is not known \(known: 1000001\)"):
        await sandbox.send(5, "x")


async def test_the_control_api_refuses_in_words(
    sandbox: SandboxClient, url: str, http: aiohttp.ClientSession
) -> None:
    for command, body, says in (
        ("send", "{", "this is no JSON"),
        ("send", "[]", "write a JSON object"),
        ("send", '{"bot_id": 1000001}', "give text, file or content"),
        (
            "send",
            '{"bot_id": 1000001, "text": "x", "usr": 1}',
            "unknown: usr (did you mean user_id?); ",
        ),
        ("push", '{"bot_id": 1000001}', "missing: updates"),
        ("push", '{"bot_id": 1000001, "updates": {}}', "updates: Input should be a valid list"),
        ("push", '{"bot_id": 1000001, "updates": [{"update_id": "1"}]}', "write a number"),
    ):
        async with http.post(f"{url}/sandbox/{command}", data=body) as answer:
            assert answer.status == 400
            assert says in (await answer.json())["error"]
    async with http.post(f"{url}/sandbox/dance") as answer:
        assert answer.status == 404
        assert (
            "no command 'dance' (did you mean advance?); there are: "
            in (await answer.json())["error"]
        )
    async with http.get(f"{url}/sandbox/events?chats=7") as answer:
        assert answer.status == 400
        assert "unknown: chats (did you mean chat?)" in (await answer.json())["error"]
    with pytest.raises(SandboxError, match=r"time passes in weeks, .*not in hour \(did you mean h"):
        await sandbox.advance(hour=1)


def keyboard() -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text=text, callback_data=text.lower()) for text in ("Yes", "No")]
    return InlineKeyboardMarkup(inline_keyboard=[row])
