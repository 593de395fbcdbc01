"""Gifts, Premium, boosts, and the photos of profiles."""

import base64

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    InputProfilePhotoAnimated,
    InputProfilePhotoStatic,
    OwnedGiftRegular,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_channels import news
from tests.sandbox.test_groups import drain, led
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")
BOB = 8


async def test_a_gift_costs_stars(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    heart, *_, cup = (await bot.get_available_gifts()).gifts
    with pytest.raises(TelegramBadRequest, match="BALANCE_TOO_LOW"):
        await bot.send_gift(heart.id, user_id=ALICE)
    await sandbox.ask("give_stars", bot_id=BOT_ID, amount=500)
    assert await bot.send_gift(
        heart.id, user_id=ALICE, text="<b>Thanks</b>", text_parse_mode="HTML"
    )
    assert await bot.send_gift(cup.id, user_id=ALICE)
    assert (await bot.get_my_star_balance()).amount == 500 - heart.star_count - cup.star_count
    [*_, spent] = (await bot.get_star_transactions()).transactions
    assert spent.receiver
    assert spent.receiver.model_dump()["transaction_type"] == "gift_purchase"
    shown = (await sandbox.messages(BOT_ID, ALICE))[-2]
    assert shown["gift"]["text"] == "Thanks"
    owned = await bot.get_user_gifts(ALICE, limit=1)
    assert (owned.total_count, owned.next_offset) == (2, "1")
    [first] = (await bot.get_user_gifts(ALICE, offset="1")).gifts
    assert isinstance(first, OwnedGiftRegular)
    assert (first.gift.id, first.text) == (heart.id, "Thanks")
    [dear, _] = (await bot.get_user_gifts(ALICE, sort_by_price=True)).gifts
    assert isinstance(dear, OwnedGiftRegular)
    assert dear.gift.id == cup.id
    assert (await bot.get_user_gifts(ALICE, exclude_unlimited=True)).gifts == []


async def test_gifts_for_a_channel_and_premium(sandbox: SandboxClient, bot: Bot) -> None:
    await news(sandbox)
    await sandbox.ask("give_stars", bot_id=BOT_ID, amount=2000)
    [gift, *_] = (await bot.get_available_gifts()).gifts
    assert await bot.send_gift(gift.id, chat_id="@news")
    assert (await bot.get_chat_gifts("@news")).total_count == 1
    with pytest.raises(TelegramBadRequest, match="STARS_AMOUNT_INVALID"):
        await bot.gift_premium_subscription(BOB, 3, 999)
    assert await bot.gift_premium_subscription(BOB, 3, 1000)
    await sandbox.send(BOT_ID, "hi", user_id=BOB)
    [update] = await drain(bot)
    assert update["message"]["from_user"]["is_premium"]


async def test_gifts_that_cannot_be(raw: Raw) -> None:
    for params, error in (
        ({"gift_id": "1", "user_id": 7}, "STARGIFT_INVALID"),
        ({"gift_id": "5170145012310081615"}, "invalid user_id specified"),
        ({"gift_id": "5170145012310081615", "user_id": 7, "text": "x" * 129}, "MESSAGE_TOO_LONG"),
    ):
        assert (await raw("sendGift", **params))[1]["description"] == f"Bad Request: {error}"


async def test_boosts(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await led(sandbox, bot)
    await bot.get_updates(allowed_updates=["chat_boost", "removed_chat_boost"])
    made = await sandbox.ask("boost", chat_id=chat_id, user_id=BOB)
    [update] = await drain(bot)
    assert update["chat_boost"]["boost"]["source"]["user"]["id"] == BOB
    [boost] = (await bot.get_user_chat_boosts(chat_id, BOB)).boosts
    assert boost.boost_id == made["boost_id"]
    assert (await bot.get_user_chat_boosts(chat_id, ALICE)).boosts == []
    await sandbox.ask("remove_boost", chat_id=chat_id, boost_id=boost.boost_id)
    [update] = await drain(bot)
    assert update["removed_chat_boost"]["boost_id"] == boost.boost_id
    with pytest.raises(SandboxError, match=r"the boosts are \[\]"):
        await sandbox.ask("remove_boost", chat_id=chat_id, boost_id="x")


async def test_photos_of_profiles(sandbox: SandboxClient, bot: Bot) -> None:
    assert (await bot.get_user_profile_photos(ALICE)).total_count == 0
    for _ in range(2):
        data = base64.b64encode(PNG).decode()
        await sandbox.ask("set_photo", user_id=ALICE, name="a.png", data=data)
    found = await bot.get_user_profile_photos(ALICE, limit=1)
    assert (found.total_count, len(found.photos)) == (2, 1)
    assert await bot.get_file(found.photos[0][-1].file_id)
    await sandbox.send(BOT_ID, "hi")
    photo = (await bot.get_chat(ALICE)).photo
    assert photo
    assert photo.big_file_id == found.photos[0][-1].file_id


async def test_the_photo_of_the_bot(bot: Bot, raw: Raw) -> None:
    file = BufferedInputFile(PNG, "a.png")
    assert await bot.set_my_profile_photo(InputProfilePhotoStatic(photo=file))
    assert await bot.set_my_profile_photo(InputProfilePhotoAnimated(animation=file))
    assert (await bot.get_user_profile_photos(BOT_ID)).total_count == 2
    assert await bot.remove_my_profile_photo()
    assert (await bot.get_user_profile_photos(BOT_ID)).total_count == 1
    photo = {"type": "static", "photo": "https://example.com/a.png"}
    _, body = await raw("setMyProfilePhoto", photo=photo)
    assert body["description"] == "Bad Request: photo must be uploaded as an InputFile"


async def test_audio_files_of_a_profile(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    assert (await bot.get_user_profile_audios(ALICE)).total_count == 0
    for name in ("old.mp3", "new.mp3"):
        data = base64.b64encode(name.encode()).decode()
        await sandbox.ask("add_audio", user_id=ALICE, name=name, data=data)
    found = await bot.get_user_profile_audios(ALICE, limit=1)
    assert (found.total_count, [one.file_name for one in found.audios]) == (2, ["new.mp3"])
    content = await bot.download(found.audios[0])
    assert content
    assert content.read() == b"new.mp3"
    last = await bot.get_user_profile_audios(ALICE, offset=1)
    assert [one.file_name for one in last.audios] == ["old.mp3"]
