"""Sticker sets and custom emoji."""

from collections.abc import Awaitable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InputSticker, MaskPosition

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_groups import led
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")
NAME = f"cats_by_sandbox_{BOT_ID}_bot"
FILE = BufferedInputFile(PNG, "a.png")


def new(emoji: str = "🐈", file: Any = FILE, **about: Any) -> InputSticker:
    return InputSticker(sticker=file, format="static", emoji_list=[emoji], **about)


async def test_a_set_from_beginning_to_end(sandbox: SandboxClient, bot: Bot) -> None:
    uploaded = await bot.upload_sticker_file(ALICE, FILE, "static")
    assert await bot.create_new_sticker_set(ALICE, NAME, "Cats", [new(file=uploaded.file_id)])
    assert await bot.add_sticker_to_set(ALICE, NAME, new("🐱"))
    found = await bot.get_sticker_set(NAME.upper())
    assert (found.title, found.sticker_type) == ("Cats", "regular")
    assert [one.emoji for one in found.stickers] == ["🐈", "🐱"]
    first, second = (one.file_id for one in found.stickers)
    assert await bot.set_sticker_position_in_set(second, 0)
    assert await bot.set_sticker_emoji_list(second, ["😺", "🐱"])
    assert await bot.set_sticker_keywords(second, ["cat"])
    assert await bot.set_sticker_set_title(NAME, "Many cats")
    assert await bot.set_sticker_set_thumbnail(NAME, ALICE, "static", thumbnail=FILE)
    found = await bot.get_sticker_set(NAME)
    assert [one.emoji for one in found.stickers] == ["😺", "🐈"]
    assert found.title == "Many cats"
    assert found.thumbnail
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_sticker(ALICE, second)
    assert sent.sticker
    assert (sent.sticker.set_name, sent.sticker.emoji) == (NAME, "😺")
    assert await bot.replace_sticker_in_set(ALICE, NAME, first, new("🐅"))
    assert await bot.delete_sticker_from_set(second)
    assert [one.emoji for one in (await bot.get_sticker_set(NAME)).stickers] == ["🐅"]
    assert await bot.delete_sticker_set(NAME)
    with pytest.raises(TelegramBadRequest, match="STICKERSET_INVALID"):
        await bot.get_sticker_set(NAME)


async def test_masks(bot: Bot) -> None:
    where = MaskPosition(point="eyes", x_shift=0, y_shift=0, scale=1)
    await bot.create_new_sticker_set(
        ALICE, NAME, "Masks", [new(mask_position=where)], sticker_type="mask"
    )
    [mask] = (await bot.get_sticker_set(NAME)).stickers
    assert mask.mask_position
    assert mask.mask_position.point == "eyes"
    assert await bot.set_sticker_mask_position(mask.file_id)
    [mask] = (await bot.get_sticker_set(NAME)).stickers
    assert mask.mask_position is None


async def test_custom_emoji(bot: Bot) -> None:
    kind = "custom_emoji"
    await bot.create_new_sticker_set(
        ALICE, NAME, "E", [new()], sticker_type=kind, needs_repainting=True
    )
    assert await bot.set_custom_emoji_sticker_set_thumbnail(NAME)
    [made] = (await bot.get_sticker_set(NAME)).stickers
    assert made.custom_emoji_id
    assert made.needs_repainting
    other = "5368324170671202286"
    found = await bot.get_custom_emoji_stickers([other, made.custom_emoji_id])
    assert [one.custom_emoji_id for one in found] == [other, made.custom_emoji_id]
    [again] = await bot.get_custom_emoji_stickers([other])
    assert again == found[0]
    assert await bot.get_file(again.file_id)
    with pytest.raises(TelegramBadRequest, match="invalid custom emoji identifier specified"):
        await bot.get_custom_emoji_stickers([other, "x"])
    icons = await bot.get_forum_topic_icon_stickers()
    assert icons[0].emoji == "📰"
    for one in icons:
        assert (one.type, one.set_name, one.is_animated) == (kind, "Topics", True)
        assert (one.width, one.height) == (512, 512)
        assert one.thumbnail
        assert one.thumbnail.width == 128


async def test_a_set_that_others_published(sandbox: SandboxClient, bot: Bot) -> None:
    about: dict[str, Any] = {"name": "Cherries", "title": "C", "emoji": ["🍒", "😎"]}
    ids = ["5380109565226391871", "5431711346724968789"]
    custom: dict[str, Any] = {"sticker_type": "custom_emoji", "custom_emoji_ids": ids}
    await sandbox.ask("add_sticker_set", **about, **custom)
    found = await bot.get_sticker_set("cherries")
    assert [one.emoji for one in found.stickers] == ["🍒", "😎"]
    assert all(one.width == 100 for one in found.stickers)
    assert await bot.get_custom_emoji_stickers(ids) == found.stickers
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_sticker(ALICE, found.stickers[0].file_id)
    assert sent.sticker == found.stickers[0]
    with pytest.raises(TelegramBadRequest, match="STICKERSET_INVALID"):
        await bot.set_sticker_set_title("Cherries", "Mine")
    with pytest.raises(SandboxError, match="there is a set Cherries already"):
        await sandbox.ask("add_sticker_set", **about)
    with pytest.raises(SandboxError, match="give one for each emoji"):
        await sandbox.ask("add_sticker_set", **about | {"name": "C"}, custom_emoji_ids=["1"])


async def test_the_set_of_a_group(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    await bot.create_new_sticker_set(ALICE, NAME, "Cats", [new()])
    assert (await bot.get_chat(chat_id)).can_set_sticker_set
    with pytest.raises(TelegramBadRequest, match="sticker set not found"):
        await bot.set_chat_sticker_set(chat_id, "dogs")
    assert await bot.set_chat_sticker_set(chat_id, NAME)
    assert (await bot.get_chat(chat_id)).sticker_set_name == NAME
    assert await bot.delete_chat_sticker_set(chat_id)
    assert (await bot.get_chat(chat_id)).sticker_set_name is None


async def test_the_sets_of_other_bots(bot: Bot, second: Bot) -> None:
    await bot.create_new_sticker_set(ALICE, NAME, "Cats", [new()])
    [one] = (await second.get_sticker_set(NAME)).stickers
    calls: list[tuple[Awaitable[Any], str]] = [
        (second.delete_sticker_set(NAME), "STICKERSET_INVALID"),
        (second.add_sticker_to_set(ALICE, NAME, new()), "STICKERSET_INVALID"),
        (second.delete_sticker_from_set(one.file_id), "STICKER_INVALID"),
        (second.create_new_sticker_set(ALICE, NAME, "x", [new()]), "invalid sticker set name is s"),
        (bot.create_new_sticker_set(ALICE, NAME, "x", [new()]), "set name is already occupied"),
        (bot.set_custom_emoji_sticker_set_thumbnail(NAME), "STICKERSET_INVALID"),
        (bot.set_sticker_position_in_set(one.file_id, 5), "STICKER_POSITION_INVALID"),
        (bot.set_sticker_emoji_list(one.file_id, []), "invalid sticker emojis"),
        (bot.set_sticker_keywords(one.file_id, ["x" * 65]), "STICKER_KEYWORDS_INVALID"),
    ]
    for call, error in calls:
        with pytest.raises(TelegramBadRequest, match=error):
            await call


STICKER = {"sticker": "https://example.com/a.png", "format": "static", "emoji_list": ["x"]}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"stickers": []}, "sticker is not specified"),
        ({"stickers": [STICKER] * 51}, "too many stickers specified"),
        ({"sticker_type": "x"}, "unsupported sticker type specified"),
        ({"title": "x" * 65}, "sticker set title is invalid"),
        ({"stickers": [STICKER | {"format": "x"}]}, "can't parse InputSticker: invalid sticker f"),
        (
            {"stickers": [STICKER | {"sticker": "attach://x"}]},
            "can't parse InputSticker: sticker n",
        ),
        ({"stickers": [{"format": "static"}]}, "can't parse InputSticker: Can't find field \"sti"),
    ],
)
async def test_sets_that_cannot_be(raw: Raw, params: dict[str, Any], error: str) -> None:
    values = {"user_id": ALICE, "name": NAME, "title": "T", "stickers": [STICKER]} | params
    status, body = await raw("createNewStickerSet", **values)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")
