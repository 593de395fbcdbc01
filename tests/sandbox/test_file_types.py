"""What a file is: by its name, its content, and the address where it is."""

import base64

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    InputMediaPhoto,
    Message,
)

from sandbox.client import SandboxClient, SandboxError
from sandbox.testing.session import LocalSession
from sandbox.world.kinds import mime_type
from sandbox.world.world import World
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw
from tests.sandbox.media import WEB, png, sides

pytestmark = pytest.mark.usefixtures("fitting")


@pytest.mark.parametrize("where", ["in process", "over HTTP"])
@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.png", b"anything", "image/png"),
        ("a.pdf", b"anything", "application/pdf"),
        ("noname", b"%PDF-1.7", "application/pdf"),
        ("noname", b"RIFF\0\0\0\0WAVEfmt ", "audio/x-wav"),
        ("noname", b"anything", "application/octet-stream"),
    ],
)
async def test_a_file_s_type_is_that_of_its_name_or_its_content(
    sandbox: SandboxClient,
    bot: Bot,
    http: aiohttp.ClientSession,
    name: str,
    data: bytes,
    told: str,
    where: str,
) -> None:
    """The same in process and over HTTP, where aiogram calls all parts octet-stream."""
    sender = bot
    if where == "in process":
        world = World()
        sender = Bot(TOKEN, session=LocalSession(world, http))
        await sender.get_me()
        world.enter_chat(world.bots[BOT_ID], ALICE, world.user(ALICE))
    else:
        await sandbox.send(BOT_ID, "hi")
    sent = await sender.send_document(ALICE, BufferedInputFile(data, name))
    assert sent.document
    assert (sent.document.mime_type, sent.document.file_name) == (told, name)


@pytest.mark.parametrize(
    ("kind", "name", "data", "told"),
    [
        ("voice", "a.bin", b"x", "audio/ogg"),
        ("voice", "a.mp3", b"x", "audio/mpeg"),
        ("audio", "a", b"x", "audio/mpeg"),
        ("audio", "a.ogg", b"x", "audio/ogg"),
        ("video", "a", b"\0\0\0\0ftypisom", "video/mp4"),
        ("video", "a.webm", b"x", "video/webm"),
        ("animation", "a.gif", b"x", "image/gif"),
        ("animation", "a", b"x", "video/mp4"),
        ("sticker", "a.tgs", b"x", "application/x-tgsticker"),
        ("sticker", "a", b"\x1f\x8b", "application/x-tgsticker"),
        ("sticker", "a.webm", b"x", "video/webm"),
        ("sticker", "a.png", b"x", "image/webp"),
    ],
)
def test_types_that_a_content_has(kind: str, name: str, data: bytes, told: str) -> None:
    assert mime_type(name, data, kind) == told


async def test_every_address_is_a_file_of_its_own(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_photo(ALICE, f"{WEB}/1.jpg")
    edited = await sent.edit_media(InputMediaPhoto(media=f"{WEB}/2.jpg"))
    assert isinstance(edited, Message)
    assert edited.photo
    assert sent.photo
    assert edited.photo[-1].file_unique_id != sent.photo[-1].file_unique_id
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await sent.edit_media(InputMediaPhoto(media=f"{WEB}/2.jpg"))
    assert f"{WEB}/2.jpg".encode() in await sandbox.file(edited.photo[-1].file_id)


async def test_what_is_at_an_address_can_be_told(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    data = base64.b64encode(png(100, 50)).decode()
    await sandbox.ask("add_web_file", address=f"{WEB}/a", data=data, name="a.png")
    sent = await bot.send_photo(ALICE, f"{WEB}/a")
    assert sides(sent.photo) == [(90, 45), (100, 50)]
    assert sent.photo
    assert await sandbox.file(sent.photo[-1].file_id) == png(100, 50)
    with pytest.raises(SandboxError, match="address: it begins with"):
        await sandbox.ask("add_web_file", address="a.png", data=data)
    with pytest.raises(SandboxError, match="data is no base64"):
        await sandbox.ask("add_web_file", address=f"{WEB}/a", data="?")


@pytest.mark.parametrize(
    ("method", "address", "told"),
    [
        ("sendDocument", f"{WEB}/x.pdf?a=b.txt", ("x.pdf", "application/pdf")),
        ("sendDocument", f"{WEB}/x", ("x", "application/octet-stream")),
        ("sendVoice", f"{WEB}/x.ogg", (None, "audio/ogg")),
        ("sendAudio", f"{WEB}/x.mp3", ("x.mp3", "audio/mpeg")),
        ("sendVideo", f"{WEB}/", ("video", "video/mp4")),
        ("sendAnimation", f"{WEB}/x.gif", ("x.gif", "image/gif")),
    ],
)
async def test_a_file_at_an_address_is_what_its_name_says(
    sandbox: SandboxClient, raw: Raw, method: str, address: str, told: tuple[str | None, str]
) -> None:
    await sandbox.send(BOT_ID, "hi")
    kind = method.removeprefix("send").lower()
    _, body = await raw(method, chat_id=ALICE, **{kind: address})
    file = body["result"][kind]
    assert (file.get("file_name"), file["mime_type"]) == told


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("sendDocument", f"{WEB}/x.docx"),
        ("sendSticker", f"{WEB}/x.tgs"),
        ("sendVideoNote", f"{WEB}/x.mp4"),
    ],
)
async def test_what_cannot_be_sent_by_its_address(
    sandbox: SandboxClient, raw: Raw, method: str, address: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    kind = {"sendVideoNote": "video_note"}.get(method, method.removeprefix("send").lower())
    status, body = await raw(method, chat_id=ALICE, **{kind: address})
    assert (status, body["description"]) == (400, "Bad Request: wrong type of the web page content")
