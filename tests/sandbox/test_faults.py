"""Faults strike the calls they name, in the way they name, and end."""

import asyncio

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw, poll_open


async def test_429_says_how_long(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.fault("429", times=1, retry_after=3)
    with pytest.raises(TelegramRetryAfter) as caught:
        await bot.get_me()
    assert caught.value.retry_after == 3
    await bot.get_me()


async def test_429_has_a_header(
    sandbox: SandboxClient, url: str, http: aiohttp.ClientSession
) -> None:
    await sandbox.fault("429", times=1, retry_after=7)
    async with http.get(f"{url}/bot{TOKEN}/getMe") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


async def test_500(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.fault("500")
    for _ in range(2):
        with pytest.raises(TelegramServerError, match="Internal Server Error"):
            await bot.get_me()
    await sandbox.clear_faults()
    await bot.get_me()


async def test_502_is_a_page(sandbox: SandboxClient, url: str, http: aiohttp.ClientSession) -> None:
    await sandbox.fault("502", times=1)
    async with http.get(f"{url}/bot{TOKEN}/getMe") as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")


async def test_a_hang_lasts_until_it_is_cleared(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.fault("hang", method="getMe")
    call = asyncio.create_task(bot.get_me())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(call), 0.2)
    [*_, recorded] = await sandbox.calls(BOT_ID, "getMe")
    assert recorded["status"] is None
    await sandbox.clear_faults()
    with pytest.raises(TelegramNetworkError):
        await asyncio.wait_for(call, 20)
    await bot.get_me()


async def test_a_hang_ends_in_time(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.fault("hang", seconds=0.2)
    with pytest.raises(TelegramNetworkError):
        await asyncio.wait_for(bot.get_me(), 20)
    await bot.get_me()


async def test_reset(sandbox: SandboxClient, url: str, http: aiohttp.ClientSession) -> None:
    await sandbox.fault("reset", times=1)
    with pytest.raises((ConnectionResetError, aiohttp.ClientOSError)):
        await http.post(f"{url}/bot{TOKEN}/getMe")


async def test_only_what_matches_is_struck(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.add("1000002:x")
    await sandbox.fault("500", bot_id=BOT_ID, method="getme")
    assert (await raw("getMe"))[0] == 500
    assert (await raw("getUpdates"))[0] == 200
    assert (await raw("getMe", "1000002:x"))[0] == 200


async def test_a_waiting_poll_is_struck(sandbox: SandboxClient, raw: Raw) -> None:
    poll = asyncio.create_task(raw("getUpdates", timeout=30))
    await poll_open(sandbox)
    await sandbox.fault("502", method="sendMessage")
    await sandbox.fault("500", method="getUpdates", times=1)
    assert (await asyncio.wait_for(poll, 20))[0] == 500


async def test_an_unknown_fault_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="no fault 'flood': write an error's code"):
        await sandbox.fault("flood")


async def test_any_error_with_any_text(sandbox: SandboxClient, raw: Raw) -> None:
    for kind, text, told in (
        ("403", "Forbidden: user is deactivated", "Forbidden: user is deactivated"),
        ("400", None, "Bad Request"),
        ("409", None, "Conflict"),
        ("500", "Internal Server Error: sent", "Internal Server Error: sent"),
        ("502", "Bad Gateway", "Bad Gateway"),
        ("599", None, "Error 599"),
        ("429", "Too Many Requests: later", "Too Many Requests: later"),
    ):
        await sandbox.fault(kind, text=text, times=1)
        status, body = await raw("getMe")
        assert (status, body["error_code"], body["description"]) == (int(kind), int(kind), told)


async def test_the_calls_of_one_chat_are_struck(sandbox: SandboxClient, raw: Raw) -> None:
    for user_id in (ALICE, 8):
        await sandbox.send(BOT_ID, "hi", user_id=user_id)
    await sandbox.fault("403", chat_id=ALICE)
    assert (await raw("sendMessage", chat_id=ALICE, text="x"))[0] == 403
    assert (await raw("sendMessage", chat_id=str(ALICE), text="x"))[0] == 403
    assert (await raw("sendMessage", chat_id=8, text="x"))[0] == 200
    assert (await raw("getMe"))[0] == 200
    [fault] = await sandbox.ask("faults")
    assert (fault["kind"], fault["chat_id"], fault["text"]) == ("403", ALICE, None)
