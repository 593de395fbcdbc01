"""What is kept in a file over a restart, and what is no such file."""

import asyncio
import contextlib
import pickle
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import (
    BufferedInputFile,
    InputPollOption,
    InputProfilePhotoStatic,
    InputSticker,
)
from aiohttp import web

from sandbox.client import SandboxClient
from sandbox.errors import ControlError
from sandbox.keep import PAUSE, head
from sandbox.server import running
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, state, until
from tests.sandbox.test_sending import PNG, YES
from tests.sandbox.test_webhook_answers import listening


@contextlib.asynccontextmanager
async def kept(path: Path) -> AsyncIterator[tuple[SandboxClient, Bot]]:
    """A sandbox that keeps its world in a file, and a bot."""
    async with running(kept=path) as url, SandboxClient(url) as client:
        await client.add(TOKEN)
        session = AiohttpSession(api=TelegramAPIServer.from_base(url))
        try:
            yield client, Bot(TOKEN, session=session)
        finally:
            await (await session.create_session()).close()


async def seen(client: SandboxClient, group_id: int) -> Any:
    """All that people see."""
    chats = [await client.messages(BOT_ID, ALICE), await client.ask("messages", chat_id=group_id)]
    return chats, await client.ask("users"), await client.ask("groups"), await client.bots()


async def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "world"
    async with kept(path) as (client, bot):
        await client.ask("add_user", first_name="Dora", username="dora")
        await client.ask("set_privacy", bot_id=BOT_ID, private=False)
        await client.send(BOT_ID, "before")
        options: list[InputPollOption | str] = ["yes", "no"]
        poll = await bot.send_poll(ALICE, "Tea?", options, is_anonymous=False, open_period=300)
        photo = await bot.send_photo(ALICE, BufferedInputFile(PNG, "a.png"), reply_markup=YES)
        group = await client.ask(
            "create_group", title="Team", user_ids=[ALICE, 8], bot_ids=[BOT_ID]
        )
        await client.ask("promote", chat_id=group["id"], member_id=BOT_ID)
        link = await bot.create_chat_invite_link(group["id"], creates_join_request=True)
        await client.ask("advance", seconds=60)
        before = await seen(client, group["id"])
        [*_, last] = await bot.get_updates()

    async with kept(path) as (client, bot):
        assert await seen(client, group["id"]) == before
        assert [one.update_id for one in await bot.get_updates()][-1] == last.update_id
        after = await bot.send_message(ALICE, "after")
        assert after.message_id == photo.message_id + 1
        assert after.date.timestamp() > time.time() + 50
        await client.ask(
            "vote", bot_id=BOT_ID, user_id=ALICE, message_id=poll.message_id, option_ids=[0]
        )
        assert photo.photo
        assert await client.file(photo.photo[-1].file_id) == PNG
        await client.ask("join", user_id=9, link=link.invite_link)
        await client.press(BOT_ID, ALICE, photo.message_id, "yes")
        await client.ask("advance", seconds=300)
        closed = next(
            one
            for one in await client.messages(BOT_ID, ALICE)
            if one["message_id"] == poll.message_id
        )
        assert closed["poll"]["is_closed"]


async def test_a_webhook_goes_on(tmp_path: Path) -> None:
    taken: list[str] = []
    is_away = True

    async def hook(request: web.Request) -> web.Response:
        text = (await request.json())["message"]["text"]
        if is_away and text == "one":
            return web.Response(status=500)
        taken.append(text)
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", hook)
    async with listening(application) as url:
        async with kept(tmp_path / "world") as (client, bot):
            await bot.set_webhook(url)
            await client.send(BOT_ID, "one")
            await client.send(BOT_ID, "of another chat", user_id=8)
            await until(lambda: asyncio.sleep(0, taken))
        is_away = False
        async with kept(tmp_path / "world") as (client, bot):
            await client.send(BOT_ID, "two")

            async def is_taken() -> bool:
                return len(taken) >= 3 and not (await state(client))["pending"]

            await until(is_taken)
    assert taken == ["of another chat", "one", "two"]


async def test_it_is_written_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PAUSE > 1
    monkeypatch.setattr("sandbox.keep.PAUSE", 0.01)
    path = tmp_path / "world"
    async with kept(path) as (client, _):
        first = path.read_bytes()
        await client.send(BOT_ID, "something")

        async def is_written() -> bool:
            return await asyncio.to_thread(path.read_bytes) != first

        await until(is_written)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "was not written by this version of the sandbox: delete it"),
        (b"hello\nworld", "was not written by this version of the sandbox: delete it"),
        (head(), "is damaged"),
        (head() + pickle.dumps({"ahead": aiohttp.web.Application}), "is not of the world"),
    ],
)
async def test_what_is_no_such_file(tmp_path: Path, content: bytes, error: str) -> None:
    path = tmp_path / "world"
    path.write_bytes(content)
    with pytest.raises(ControlError, match=error):
        async with running(kept=path):
            pass
    assert path.read_bytes() == content


async def test_channels_shops_and_purses_are_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "world"
    file = BufferedInputFile(PNG, "a.png")
    sticker = InputSticker(sticker=file, format="static", emoji_list=["🐈"])
    set_name = f"cats_by_sandbox_{BOT_ID}_bot"
    async with kept(path) as (client, bot):
        news = await client.ask(
            "create_channel", title="News", user_ids=[ALICE], bot_ids=[BOT_ID], username="news"
        )
        forum = await client.ask("create_group", title="F", user_ids=[ALICE], bot_ids=[BOT_ID])
        await client.ask("set_forum", chat_id=forum["id"])
        topic = await client.ask("create_topic", chat_id=forum["id"], user_id=ALICE, name="Help")
        await client.ask("boost", chat_id=news["id"], user_id=ALICE)
        await client.ask("give_stars", bot_id=BOT_ID, amount=100)
        shop = await client.ask("connect_business", bot_id=BOT_ID, user_id=ALICE)
        await client.ask("write_business", connection_id=shop["id"], user_id=8, text="Open?")
        await bot.create_new_sticker_set(ALICE, set_name, "Cats", [sticker])
        await bot.set_my_profile_photo(InputProfilePhotoStatic(photo=file))
        [gift, *_] = (await bot.get_available_gifts()).gifts
        await bot.send_gift(gift.id, user_id=ALICE)
    async with kept(path) as (client, bot):
        assert (await bot.get_chat_member("@news", ALICE)).status == "creator"
        thread_id = topic["message_thread_id"]
        assert await bot.send_message(forum["id"], "x", message_thread_id=thread_id)
        assert len((await bot.get_user_chat_boosts("@news", ALICE)).boosts) == 1
        assert (await bot.get_my_star_balance()).amount == 100 - gift.star_count
        assert await bot.send_message(8, "Yes", business_connection_id=shop["id"])
        assert (await bot.get_sticker_set(set_name)).title == "Cats"
        assert (await bot.get_user_profile_photos(BOT_ID)).total_count == 1
        assert (await bot.get_user_gifts(ALICE)).total_count == 1
