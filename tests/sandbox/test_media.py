"""What becomes of files in messages: their types, sizes, thumbnails and limits."""

import base64
import struct
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramEntityTooLarge
from aiogram.types import (
    BufferedInputFile,
    InputMediaLivePhoto,
    InputMediaPhoto,
    InputMediaVideo,
    InputPaidMediaLivePhoto,
    InputPaidMediaPhoto,
    InputPaidMediaUnion,
    InputPaidMediaVideo,
    Message,
    PaidMediaLivePhoto,
    PaidMediaVideo,
    PhotoSize,
)

from sandbox.client import SandboxClient, SandboxError
from sandbox.testing.session import LocalSession
from sandbox.world.files import Files, Upload
from sandbox.world.films import film
from sandbox.world.kinds import mime_type
from sandbox.world.pictures import scaled
from sandbox.world.world import World
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw

pytestmark = pytest.mark.usefixtures("fitting")
WEB = "https://example.com"


def png(width: int, height: int, size: int = 0) -> bytes:
    """The beginning of a picture, so many bytes long."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\10\2\0\0\0"
    return head.ljust(size, b"\0")


def picture(width: int = 2, height: int = 3, size: int = 0) -> BufferedInputFile:
    return BufferedInputFile(png(width, height, size), "a.png")


def sides(sizes: list[PhotoSize] | None) -> list[tuple[int, int]]:
    return [(one.width, one.height) for one in sizes or []]


async def test_a_photo_has_several_sizes(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_photo(ALICE, picture(1000, 500, 5000))
    assert sides(sent.photo) == [(90, 45), (320, 160), (800, 400), (1000, 500)]
    assert sent.photo
    told = [one.file_size or 0 for one in sent.photo]
    assert told == sorted(set(told))
    assert told[-1] == 5000
    assert len({one.file_id for one in sent.photo}) == 4
    assert len({one.file_unique_id for one in sent.photo}) == 4
    again = await bot.send_photo(ALICE, sent.photo[0].file_id)
    assert again.photo == sent.photo
    small = await bot.get_file(sent.photo[0].file_id)
    assert (small.file_unique_id, small.file_size) == (sent.photo[0].file_unique_id, told[0])
    content = await bot.download(small)
    assert content
    assert content.read() == png(1000, 500, 5000)


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((1, 1), [(1, 1)]),
        ((90, 80), [(90, 80)]),
        ((91, 5), [(90, 5), (91, 5)]),
        ((5000, 4000), [(90, 72), (320, 256), (800, 640), (1280, 1024)]),
        ((10, 200), [(4, 90), (10, 200)]),
    ],
)
def test_sizes_of_photos(size: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    assert list(scaled(*size).values()) == sizes


def box(kind: bytes, content: bytes) -> bytes:
    """One of the boxes that an MP4 is made of."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(seconds: int, width: int, height: int, *, long: bool = False) -> bytes:
    """The head of a film, with times of 32 or 64 bits."""
    times = struct.pack(">QQIQ" if long else ">IIII", 0, 0, 1000, 1000 * seconds)
    header = box(b"mvhd", bytes([long, 0, 0, 0]) + times + bytes(80))
    sound = box(b"trak", box(b"tkhd", bytes(84)))
    sides = struct.pack(">II", width << 16, height << 16)
    picture = box(b"trak", box(b"tkhd", bytes(76) + sides))
    large = struct.pack(">I4sQ", 1, b"free", 16)
    return box(b"ftyp", b"isom") + large + box(b"moov", header + sound + picture)


OGG = b"OggS" + bytes(24) + b"OpusHead" + bytes(20) + b"OggS\0\4" + struct.pack("<Q", 48_000 * 3)
FILMS = [
    (mp4(5, 360, 640), {"duration": 5, "width": 360, "height": 640}),
    (mp4(7, 2, 3, long=True), {"duration": 7, "width": 2, "height": 3}),
    (OGG, {"duration": 3}),
    (OGG[:60], {}),
    (b"OggS, but no Opus", {}),
    (mp4(5, 1, 1)[:50], {}),
    (box(b"ftyp", b"") + b"\0\0\0\1wide", {}),
    (box(b"ftyp", b"") + box(b"moov", box(b"mvhd", bytes(20))), {}),
    (box(b"ftyp", b"") + bytes(8), {}),
    (b"", {}),
]


@pytest.mark.parametrize(("data", "told"), FILMS)
def test_what_a_film_tells(data: bytes, told: dict[str, int]) -> None:
    assert film(data) == told


async def test_length_and_sides_are_those_of_the_file_unless_told(
    sandbox: SandboxClient, bot: Bot
) -> None:
    await sandbox.send(BOT_ID, "hi")
    own = BufferedInputFile(mp4(5, 360, 640), "a.mp4")
    sent = await bot.send_video(ALICE, own)
    assert sent.video
    assert (sent.video.duration, sent.video.width, sent.video.height) == (5, 360, 640)
    told = await bot.send_video(ALICE, own, duration=9, width=4, height=3)
    assert told.video
    assert (told.video.duration, told.video.width, told.video.height) == (9, 4, 3)
    note = await bot.send_video_note(ALICE, BufferedInputFile(mp4(3, 240, 240), "a.mp4"))
    assert note.video_note
    assert (note.video_note.duration, note.video_note.length) == (3, 240)
    voice = await bot.send_voice(ALICE, BufferedInputFile(OGG, "a.ogg"))
    assert voice.voice
    assert voice.voice.duration == 3


async def test_pictures_that_are_no_photos_have_a_thumbnail(
    sandbox: SandboxClient, bot: Bot
) -> None:
    await sandbox.send(BOT_ID, "hi")
    document = (await bot.send_document(ALICE, picture(640, 320, 6400))).document
    assert document
    assert document.thumbnail
    assert (document.thumbnail.width, document.thumbnail.height) == (320, 160)
    assert document.thumbnail.file_size == 1600
    assert await sandbox.file(document.thumbnail.file_id) == png(640, 320, 6400)
    with pytest.raises(TelegramBadRequest, match="can't use file of type Thumbnail as Document"):
        await bot.send_document(ALICE, document.thumbnail.file_id)
    sticker = (await bot.send_sticker(ALICE, picture(512, 256))).sticker
    assert sticker
    assert sticker.thumbnail
    assert (sticker.thumbnail.width, sticker.thumbnail.height) == (128, 64)
    own = (await bot.send_document(ALICE, picture(640, 320), thumbnail=picture(9, 8))).document
    assert own
    assert own.thumbnail
    assert own.thumbnail.width == 320
    gif = BufferedInputFile(b"GIF89a" + struct.pack("<HH", 640, 480), "a.gif")
    moving = (await bot.send_animation(ALICE, gif, thumbnail=picture(9, 8))).animation
    assert moving
    assert moving.thumbnail
    assert (moving.thumbnail.width, moving.thumbnail.height) == (320, 240)


async def test_a_video_note_that_is_not_square_is_a_video(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_video_note(ALICE, BufferedInputFile(mp4(3, 360, 240), "a.mp4"), length=5)
    assert sent.video
    assert (sent.video.width, sent.video.height) == (360, 240)
    again = await bot.send_video_note(ALICE, sent.video.file_id)
    assert again.video == sent.video


async def test_a_live_photo_of_files_that_were_sent_before(
    sandbox: SandboxClient, bot: Bot
) -> None:
    """Each where photos may be, too."""
    await sandbox.send(BOT_ID, "hi")
    film = (await bot.send_video(ALICE, file())).video
    photo = await bot.send_photo(ALICE, picture(100, 50))
    assert film
    assert photo.photo
    still = photo.photo[0].file_id
    live = InputMediaLivePhoto(media=film.file_id, photo=still)
    edited = await bot.edit_message_media(live, chat_id=ALICE, message_id=photo.message_id)
    assert isinstance(edited, Message)
    assert edited.live_photo
    assert edited.live_photo.file_id == film.file_id
    assert sides(edited.photo) == [(90, 45), (100, 50)]
    album = await bot.send_media_group(ALICE, [live, InputMediaPhoto(media=still)])
    assert album[0].live_photo == edited.live_photo
    paid = InputPaidMediaLivePhoto(media=film.file_id, photo=still)
    sold = await bot.send_paid_media(ALICE, 5, [paid])
    assert sold.paid_media
    [inside] = sold.paid_media.paid_media
    assert isinstance(inside, PaidMediaLivePhoto)
    assert inside.live_photo == edited.live_photo


async def test_a_live_photo_in_an_edit(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    await raw("sendPhoto", chat_id=ALICE, photo=f"{WEB}/a.jpg")
    live = {"type": "live_photo", "media": f"{WEB}/a.mp4", "photo": f"{WEB}/b.jpg"}
    edit = {"chat_id": ALICE, "message_id": 2, "media": live | {"caption": "c"}}
    _, body = await raw("editMessageMedia", **edit)
    assert body["result"]["live_photo"]["photo"] == body["result"]["photo"]
    assert body["result"]["caption"] == "c"
    edit["media"] = live | {"photo": "attach://nothing"}
    status, body = await raw("editMessageMedia", **edit)
    assert (status, body["description"]) == (
        400,
        "Bad Request: can't parse InputMedia: photo not found",
    )


def test_the_oldest_files_are_forgotten_with_their_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.world.files.KEPT_BYTES", 2500)
    files = Files()
    made = [files.add(Upload(f"{n}.png", png(500, 500, 1000)), "photo", 5) for n in range(3)]
    assert [files.get(one.file_id) is not None for one in made] == [False, True, True]
    assert [files.get(one.smaller[0].file_id) is not None for one in made] == [False, True, True]


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


@pytest.mark.parametrize(
    ("name", "kind"), [("a.tgs", "animated"), ("a.webm", "video"), ("a.webp", "")]
)
async def test_stickers(sandbox: SandboxClient, bot: Bot, name: str, kind: str) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_sticker(ALICE, BufferedInputFile(b"x", name), emoji="🙂")
    assert sent.sticker
    assert (sent.sticker.is_animated, sent.sticker.is_video) == (
        kind == "animated",
        kind == "video",
    )
    assert (sent.sticker.width, sent.sticker.height, sent.sticker.emoji) == (512, 512, "🙂")


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


def file(name: str = "a.mp4") -> BufferedInputFile:
    return BufferedInputFile(b"something", name)


SEND_WITH_THUMBNAIL: dict[str, Callable[[Bot, BufferedInputFile], Awaitable[Message]]] = {
    "video": lambda bot, small: bot.send_video(ALICE, file(), thumbnail=small, duration=5),
    "animation": lambda bot, small: bot.send_animation(ALICE, file(), thumbnail=small),
    "audio": lambda bot, small: bot.send_audio(ALICE, file(), thumbnail=small, title="T"),
    "document": lambda bot, small: bot.send_document(ALICE, file(), thumbnail=small),
    "video_note": lambda bot, small: bot.send_video_note(ALICE, file(), thumbnail=small, length=9),
}


@pytest.mark.parametrize("kind", SEND_WITH_THUMBNAIL)
async def test_a_thumbnail_is_kept(sandbox: SandboxClient, bot: Bot, kind: str) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await SEND_WITH_THUMBNAIL[kind](bot, picture(320, 200))
    thumbnail = getattr(sent, kind).thumbnail
    assert (thumbnail.width, thumbnail.height) == (320, 200)
    assert await sandbox.file(thumbnail.file_id) == png(320, 200)
    again = await bot.send_document(ALICE, getattr(sent, kind).file_id)
    assert getattr(again, kind) == getattr(sent, kind)
    with pytest.raises(TelegramBadRequest, match="can't use file of type Thumbnail as Document"):
        await bot.send_document(ALICE, thumbnail.file_id)
    for left_out in (picture(321, 5), picture(5, 5, 201 * 1024), file("a.txt")):
        other = await SEND_WITH_THUMBNAIL[kind](bot, left_out)
        assert getattr(other, kind).thumbnail is None


async def test_thumbnails_and_covers_in_objects(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    video = InputMediaVideo(
        media=file(), thumbnail=picture(9, 8), cover=picture(100, 50), start_timestamp=7
    )
    sent, _ = await bot.send_media_group(ALICE, [video, video])
    assert sent.video
    assert sent.video.thumbnail
    assert sent.video.thumbnail.width == 9
    assert sent.video.start_timestamp
    assert sides(sent.video.cover) == [(90, 45), (100, 50)]
    assert sent.video.cover
    cover = sent.video.cover[0].file_id
    again = await bot.send_video(ALICE, sent.video.file_id, cover=cover)
    assert again.video
    assert again.video.cover == sent.video.cover
    assert again.video.start_timestamp is None
    by_address = await bot.send_video(ALICE, file(), cover=f"{WEB}/cover.jpg")
    assert by_address.video
    assert by_address.video.cover
    paid = InputPaidMediaVideo(media=file(), thumbnail=picture(9, 8), cover=picture())
    sold = await bot.send_paid_media(ALICE, 5, [paid])
    assert sold.paid_media
    [inside] = sold.paid_media.paid_media
    assert isinstance(inside, PaidMediaVideo)
    assert inside.video.thumbnail
    assert sides(inside.video.cover) == [(2, 3)]


async def test_an_older_name_of_a_thumbnail(
    sandbox: SandboxClient, http: aiohttp.ClientSession
) -> None:
    await sandbox.send(BOT_ID, "hi")
    form = aiohttp.FormData({"chat_id": str(ALICE)})
    form.add_field("document", b"x", filename="a.txt")
    form.add_field("thumb", png(4, 5), filename="small")
    async with http.post(f"{sandbox.url}/bot{TOKEN}/sendDocument", data=form) as answer:
        document = (await answer.json())["result"]["document"]
    assert (document["thumb"]["width"], document["thumbnail"]["height"]) == (4, 5)


async def test_files_that_are_too_large(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    mega = 1024 * 1024
    with pytest.raises(TelegramEntityTooLarge):
        await bot.send_document(ALICE, BufferedInputFile(bytes(51 * mega), "a"))
    with pytest.raises(TelegramBadRequest, match="of size 11534336 bytes is too big for a photo"):
        await bot.send_photo(ALICE, picture(5, 5, 11 * mega))
    for width, height in ((9000, 1001), (210, 10), (10, 210)):
        with pytest.raises(TelegramBadRequest, match="PHOTO_INVALID_DIMENSIONS"):
            await bot.send_photo(ALICE, picture(width, height))
    paid: list[InputPaidMediaUnion] = [InputPaidMediaPhoto(media=picture())]
    with pytest.raises(TelegramBadRequest, match="invalid number of paid media"):
        await bot.send_paid_media(ALICE, 5, paid * 11)
    for stars in (0, 25001):
        with pytest.raises(TelegramBadRequest, match="invalid media price"):
            await bot.send_paid_media(ALICE, stars, paid)
