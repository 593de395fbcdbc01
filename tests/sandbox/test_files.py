"""Files of users and bots: getFile, the download, what the sandbox knows of pictures."""

import base64
import struct

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile

from sandbox.client import SandboxClient, SandboxError
from sandbox.world.pictures import picture_size
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, TOKEN
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")


def of_user(kind: str, name: str, data: bytes) -> dict[str, str]:
    return {"kind": kind, "name": name, "data": base64.b64encode(data).decode()}


async def test_a_bot_downloads_what_a_user_sent(sandbox: SandboxClient, bot: Bot) -> None:
    file = of_user("document", "list.txt", b"a,b,c") | {"caption": "my list /x"}
    await sandbox.ask("send", bot_id=BOT_ID, file=file)
    [update] = await bot.get_updates()
    assert update.message
    assert update.message.document
    assert update.message.caption == "my list /x"
    assert update.message.document.mime_type == "text/plain"
    found = await bot.get_file(update.message.document.file_id)
    assert found.file_path
    assert found.file_path.startswith("documents/")
    content = await bot.download(found)
    assert content
    assert content.read() == b"a,b,c"


@pytest.mark.parametrize(
    "kind", ["photo", "audio", "video", "voice", "video_note", "animation", "sticker"]
)
async def test_users_send_all_kinds_of_files(sandbox: SandboxClient, bot: Bot, kind: str) -> None:
    await sandbox.ask("send", bot_id=BOT_ID, file=of_user(kind, "a.png", PNG))
    [update] = await bot.get_updates()
    assert update.message
    assert update.message.content_type == kind


async def test_a_bot_sends_what_it_got(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.ask("send", bot_id=BOT_ID, file=of_user("photo", "a.png", PNG))
    [update] = await bot.get_updates()
    assert update.message
    assert update.message.photo
    sent = await bot.send_photo(ALICE, update.message.photo[-1].file_id)
    assert sent.photo
    assert await sandbox.file(sent.photo[-1].file_id) == PNG


async def test_the_id_of_a_file_is_one_bot_s(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    for bot_id in (BOT_ID, SECOND_ID):
        await sandbox.send(bot_id, "hi")
    sent = await bot.send_voice(ALICE, BufferedInputFile(b"la", "a.ogg"))
    assert sent.voice
    again = await bot.send_document(ALICE, sent.voice.file_id)
    assert again.voice  # the type cannot be changed
    with pytest.raises(TelegramBadRequest, match="wrong file identifier/HTTP URL specified"):
        await second.send_voice(ALICE, sent.voice.file_id)
    with pytest.raises(TelegramBadRequest, match="wrong file_id"):
        await second.get_file(sent.voice.file_id)
    group = await sandbox.ask(
        "create_group", title="Both", user_ids=[ALICE], bot_ids=[BOT_ID, SECOND_ID]
    )
    file = of_user("document", "a.txt", b"for both")
    both = await sandbox.ask("send", chat_id=group["id"], user_id=ALICE, file=file)
    for one in (bot, second):
        assert await one.send_document(ALICE, both["message"]["document"]["file_id"])


async def test_files_that_are_not_there(
    sandbox: SandboxClient, bot: Bot, http: aiohttp.ClientSession
) -> None:
    with pytest.raises(TelegramBadRequest, match="wrong file_id or the file is temporarily"):
        await bot.get_file("nothing")
    with pytest.raises(SandboxError, match="a photo is a PNG"):
        await sandbox.ask("send", bot_id=BOT_ID, file=of_user("photo", "a.png", b"no"))
    with pytest.raises(SandboxError, match="no base64"):
        await sandbox.ask("send", bot_id=BOT_ID, file={"kind": "voice", "name": "a", "data": "é"})
    for path in (f"bot{TOKEN}/nothing", f"bot{TOKEN}/../../secret", "bot1:x/documents/file_0"):
        async with http.get(f"{sandbox.url}/file/{path}") as answer:
            assert answer.status == 404


async def test_large_files(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    large = BufferedInputFile(bytes(20 * 1024 * 1024 + 1), "large.bin")
    sent = await bot.send_document(ALICE, large)
    assert sent.document
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(sent.document.file_id)


GIF = b"GIF89a" + struct.pack("<HH", 5, 6)
JPEG = b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08\0\7\0\x08"
VP8X = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + bytes([8, 0, 0, 9, 0, 0])
VP8L = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I5x", 10 | 11 << 14)
VP8 = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 13, 14)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (2, 3)),
        (GIF, (5, 6)),
        (JPEG, (8, 7)),
        (VP8X, (9, 10)),
        (VP8L, (11, 12)),
        (VP8, (13, 14)),
        (b"", (0, 0)),
        (b"text", (0, 0)),
        (PNG[:20], (0, 0)),
        (JPEG[:10], (0, 0)),
        (VP8[:20], (0, 0)),
        (b"\xff\xd8" + b"\xff\xe0\0\2" * 1000, (0, 0)),
    ],
)
def test_sizes_of_pictures(data: bytes, size: tuple[int, int]) -> None:
    assert picture_size(data) == size


async def test_a_live_photo_is_a_photo_too(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_live_photo(
        ALICE, BufferedInputFile(b"video", "a.mp4"), BufferedInputFile(PNG, "a.png"), caption="c"
    )
    assert sent.photo
    assert sent.live_photo
    assert sent.live_photo.photo == sent.photo
    assert sent.caption == "c"
    assert await bot.get_file(sent.live_photo.file_id)
    assert await bot.copy_message(ALICE, ALICE, sent.message_id)
    assert "live_photo" in (await sandbox.messages(BOT_ID, ALICE))[-1]


async def test_ids_of_the_real_telegram(sandbox: SandboxClient, bot: Bot, second: Bot) -> None:
    known, other = "CAADBAAD2wADo5nSDWn0123456", "CAADBAAD3wADo5nSDWn6543210"
    await sandbox.send(BOT_ID, "hi")
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await bot.send_sticker(ALICE, known)
    await sandbox.ask("add_file", kind="sticker", file_id=known)
    sent = await bot.send_sticker(ALICE, known)
    assert sent.sticker
    assert sent.sticker.file_id == known
    assert (await second.get_file(known)).file_id == known
    with pytest.raises(SandboxError, match="there is a file CAAD"):
        await sandbox.ask("add_file", kind="sticker", file_id=known)
    with pytest.raises(SandboxError, match="kind: write one of "):
        await sandbox.ask("add_file", kind="text")
    strong = {"emoji": "💪"}
    await sandbox.ask("add_file", kind="sticker", file_id=f"{other}AB", about=strong)
    sent = await bot.send_sticker(ALICE, f"{other}AB")
    assert sent.sticker
    assert sent.sticker.emoji == "💪"
    made = await sandbox.ask("add_file", kind="document", name="a.txt", data="YQ==")
    sent = await bot.send_document(ALICE, made["file_id"])
    assert sent.document
    assert (sent.document.file_name, sent.document.file_size) == ("a.txt", 1)

    await sandbox.ask("accept_file_ids", on=True)
    assert (await bot.send_sticker(ALICE, other)).sticker
    assert (await bot.send_photo(ALICE, f"{other}AA")).photo
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await bot.send_sticker(ALICE, "nonsense")
