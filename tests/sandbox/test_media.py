"""What becomes of files in messages: their sizes, thumbnails and limits."""

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
)

from sandbox.client import SandboxClient
from sandbox.world.files import Files, Upload
from sandbox.world.films import film
from sandbox.world.pictures import scaled
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw
from tests.sandbox.media import OGG, WEB, box, file, mp4, picture, png, sides

pytestmark = pytest.mark.usefixtures("fitting")


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
