"""Files to and from Telegram: uploads have more time, a server in local mode gives paths."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import (
    AnswerInlineQuery,
    CreateNewStickerSet,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SetMyProfilePhoto,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    InputMediaDocument,
    InputProfilePhotoStatic,
    InputSticker,
    URLInputFile,
)
from aiohttp import web

from fleet.settings import Settings
from fleet.telegram.session import TelegramSessions, create_sessions, sends_file

TOKEN = f"1000001:{'s' * 35}"
FILE = BufferedInputFile(b"a", "a.txt")


class LocalServer:
    """A Bot API server in local mode, with one file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = ""
        self.delay = 0.0
        """Seconds that it needs for an upload or a message."""

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        result: object = True
        if request.match_info["method"] == "getFile":
            result = {"file_id": "f", "file_unique_id": "u", "file_path": str(self.file)}
        else:
            await asyncio.sleep(self.delay)
        return web.json_response({"ok": True, "result": result})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    server = LocalServer(tmp_path / "file_0.bin")
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def sessions(server: LocalServer) -> AsyncIterator[TelegramSessions]:
    made = create_sessions(
        Settings(
            telegram_api_url=server.url,
            telegram_api_local=True,
            call_timeout=0.3,
            upload_timeout=60,
        )
    )
    yield made
    await made.close()


async def test_a_local_server_names_a_path(server: LocalServer, sessions: TelegramSessions) -> None:
    server.file.write_bytes(b"x" * 300_000)
    bot = Bot(TOKEN, session=sessions.calls)
    content = await bot.download("f")
    assert content is not None
    assert content.read() == b"x" * 300_000
    copy = server.file.with_name("copy")
    await bot.download("f", copy)
    assert copy.read_bytes() == b"x" * 300_000


async def test_a_call_that_sends_a_file_has_more_time(
    server: LocalServer, sessions: TelegramSessions
) -> None:
    bot = Bot(TOKEN, session=sessions.calls)
    server.delay = 0.6
    assert await bot.set_my_profile_photo(InputProfilePhotoStatic(photo=FILE))
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.set_my_name("Bot")
    server.delay = 2
    with pytest.raises(TelegramNetworkError, match="timeout"):  # the caller's word counts
        await bot(SetMyProfilePhoto(photo=InputProfilePhotoStatic(photo=FILE)), request_timeout=1)
    server.delay = 0
    assert await bot.set_my_name("Bot")


@pytest.mark.parametrize(
    ("method", "sends"),
    [
        (SendPhoto(chat_id=1, photo=FILE), True),
        (SendPhoto(chat_id=1, photo=URLInputFile("https://example.com/a.png")), True),
        (SendPhoto(chat_id=1, photo="AgAC-an-id"), False),
        (SendMediaGroup(chat_id=1, media=[InputMediaDocument(media=FILE)]), True),
        (SendMediaGroup(chat_id=1, media=[InputMediaDocument(media="an-id")]), False),
        (SendMediaGroup(chat_id=1, media=[InputMediaDocument(media="id", thumbnail=FILE)]), True),
        (
            CreateNewStickerSet(
                user_id=1,
                name="n",
                title="t",
                stickers=[InputSticker(sticker=FILE, format="static", emoji_list=["x"])],
            ),
            True,
        ),
        (SetMyProfilePhoto(photo=InputProfilePhotoStatic(photo=FILE)), True),
        (SendMessage(chat_id=1, text="hi"), False),
        (AnswerInlineQuery(inline_query_id="q", results=[]), False),
    ],
)
def test_which_calls_send_a_file(method: TelegramMethod[object], sends: bool) -> None:  # noqa: FBT001
    assert sends_file(method) is sends
