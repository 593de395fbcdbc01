"""Business accounts themselves, their stories; what users show of themselves."""

import json
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    AcceptedGiftTypes,
    BufferedInputFile,
    InputProfilePhotoStatic,
    OwnedGiftRegular,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN
from tests.sandbox.test_business import shop
from tests.sandbox.test_channels import news
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9
DAY = 86400


def photo() -> Any:
    return BufferedInputFile(PNG, "a.png")


async def refused(calls: list[tuple[Awaitable[Any], str]]) -> None:
    for call, error in calls:
        with pytest.raises(TelegramBadRequest, match=error):
            await call


async def test_name_and_picture(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.ask("add_user", first_name="Eve", username="eve", user_id=10)
    shop_id = await shop(sandbox, bot)
    await sandbox.send(BOT_ID, "hi")
    assert await bot.set_business_account_name(shop_id, "Alice's", "Teas")
    assert await bot.set_business_account_username(shop_id, "teas")
    assert await bot.set_business_account_bio(shop_id, "All kinds of tea")
    types = dict.fromkeys(AcceptedGiftTypes.model_fields, False) | {"unlimited_gifts": True}
    accepted = AcceptedGiftTypes(**types)
    assert await bot.set_business_account_gift_settings(
        shop_id, show_gift_button=True, accepted_gift_types=accepted
    )
    assert await bot.set_business_account_profile_photo(
        shop_id, InputProfilePhotoStatic(photo=photo())
    )
    chat = await bot.get_chat(ALICE)
    assert (chat.bio, chat.accepted_gift_types.unlimited_gifts) == ("All kinds of tea", True)
    assert chat.photo
    [alice, *_] = await sandbox.ask("users")
    assert (alice["last_name"], alice["username"]) == ("Teas", "teas")
    assert await bot.remove_business_account_profile_photo(shop_id)
    assert (await bot.get_user_profile_photos(ALICE)).total_count == 0
    await refused(
        [
            (bot.set_business_account_name(shop_id, "x" * 65), "FIRSTNAME_INVALID"),
            (bot.set_business_account_username(shop_id, "1"), "USERNAME_INVALID"),
            (bot.set_business_account_username(shop_id, "Eve"), "USERNAME_INVALID"),
            (bot.set_business_account_bio(shop_id, "x" * 141), "ABOUT_TOO_LONG"),
        ]
    )


async def test_gifts_and_stars(sandbox: SandboxClient, bot: Bot) -> None:
    shop_id = await shop(sandbox, bot)
    await sandbox.ask("give_stars", bot_id=BOT_ID, amount=20)
    [gift, *_] = (await bot.get_available_gifts()).gifts
    await bot.send_gift(gift.id, user_id=ALICE)
    [owned] = (await bot.get_business_account_gifts(shop_id)).gifts
    assert isinstance(owned, OwnedGiftRegular)
    assert owned.owned_gift_id
    await refused([(bot.transfer_gift(shop_id, owned.owned_gift_id, CAROL), "BUSINESS_PEER_INVAL")])
    assert await bot.transfer_gift(shop_id, owned.owned_gift_id, BOB)
    assert (await bot.get_user_gifts(BOB)).total_count == 1
    await refused(
        [(bot.transfer_gift(shop_id, owned.owned_gift_id, BOB), "STARGIFT_OWNER_INVALID")]
    )

    await sandbox.ask("give_stars", bot_id=BOT_ID, amount=gift.star_count)
    await bot.send_gift(gift.id, user_id=ALICE)
    [owned] = (await bot.get_business_account_gifts(shop_id)).gifts
    assert isinstance(owned, OwnedGiftRegular)
    assert owned.owned_gift_id
    assert (gift.star_count, owned.convert_star_count) == (15, 13)
    assert await bot.convert_gift_to_stars(shop_id, owned.owned_gift_id)
    assert (await bot.get_user_gifts(ALICE)).total_count == 0
    assert await bot.transfer_business_account_stars(shop_id, 13)

    await sandbox.ask("give_business_stars", connection_id=shop_id, amount=10)
    assert await bot.transfer_business_account_stars(shop_id, 7)
    assert (await bot.get_business_account_star_balance(shop_id)).amount == 3
    assert (await bot.get_my_star_balance()).amount == 20 - gift.star_count + 13 + 7
    await refused(
        [
            (bot.transfer_business_account_stars(shop_id, 7), "BALANCE_TOO_LOW"),
            (bot.transfer_business_account_stars(shop_id, 0), "STARS_AMOUNT_INVALID"),
        ]
    )
    with pytest.raises(SandboxError, match="above zero"):
        await sandbox.ask("give_business_stars", connection_id=shop_id, amount=0)


async def test_what_the_owner_has_not_allowed(sandbox: SandboxClient, bot: Bot) -> None:
    weak_id = await shop(sandbox, bot, "can_read_messages")
    calls: list[Awaitable[Any]] = [
        bot.set_business_account_name(weak_id, "x"),
        bot.get_business_account_star_balance(weak_id),
        bot.get_business_account_gifts(weak_id),
        bot.delete_story(weak_id, 1),
        bot.send_message(BOB, "x", business_connection_id=weak_id),
    ]
    await refused([(call, "BOT_ACCESS_FORBIDDEN") for call in calls])


async def test_stories(sandbox: SandboxClient, bot: Bot, http: aiohttp.ClientSession) -> None:
    shop_id = await shop(sandbox, bot)

    async def ask(method: str, photo: str = "attach://file", **params: object) -> Any:
        """aiogram cannot upload a story's file."""
        values = {"active_period": DAY, "content": {"type": "photo", "photo": photo}, **params}
        form = aiohttp.FormData({"business_connection_id": shop_id})
        form.add_field("file", PNG, filename="a.png")
        for name, value in values.items():
            form.add_field(name, json.dumps(value) if isinstance(value, dict) else str(value))
        async with http.post(f"{sandbox.url}/bot{TOKEN}/{method}", data=form) as answer:
            body = await answer.json()
            return body.get("result") or body["description"].removeprefix("Bad Request: ")

    first = await ask("postStory", caption="<b>Tea</b>", parse_mode="HTML")
    assert (first["chat"]["id"], first["id"]) == (ALICE, 1)
    assert (await ask("postStory"))["id"] == 2
    assert (await ask("editStory", story_id=1, caption="Tea"))["id"] == 1
    assert (await bot.repost_story(shop_id, ALICE, 1, DAY)).id == 3
    assert await bot.delete_story(shop_id, 1)
    assert await ask("editStory", story_id=1) == "STORY_ID_INVALID"
    assert await ask("postStory", active_period=5) == "STORY_PERIOD_INVALID"
    assert await ask("postStory", caption="x" * 2049) == "story caption is too long"
    linked = await ask("postStory", "https://example.com/a.png")
    assert linked == "story must be uploaded as an InputFile"
    await refused([(bot.repost_story(shop_id, BOB, 1, DAY), "STORY_ID_INVALID")])


async def test_what_users_show(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    channel_id = await news(sandbox)
    assert await bot.get_user_personal_chat_messages(ALICE, 5) == []
    for text in ("one", "two"):
        await sandbox.ask("send", chat_id=channel_id, user_id=ALICE, text=text)
    await sandbox.ask("set_profile", user_id=ALICE, bio="Hello", personal_chat_id=channel_id)
    chat = await bot.get_chat(ALICE)
    assert chat.personal_chat
    assert (chat.bio, chat.personal_chat.id) == ("Hello", channel_id)
    messages = await bot.get_user_personal_chat_messages(ALICE, 5)
    assert [one.text for one in messages] == ["two", "one"]

    emoji = "5368324170671202286"
    await refused(
        [
            (bot.set_user_emoji_status(ALICE, emoji), "USER_PERMISSION_DENIED"),
            (bot.get_user_personal_chat_messages(ALICE, 21), "invalid limit specified"),
        ]
    )
    await sandbox.ask("allow_emoji_status", bot_id=BOT_ID, user_id=ALICE)
    assert await bot.set_user_emoji_status(ALICE, emoji, 2 * 10**9)
    assert (await bot.get_chat(ALICE)).emoji_status_custom_emoji_id == emoji
    assert await bot.set_user_emoji_status(ALICE)
    assert (await bot.get_chat(ALICE)).emoji_status_expiration_date is None
