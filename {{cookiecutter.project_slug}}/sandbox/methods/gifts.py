"""Gifts for Stars: https://core.telegram.org/bots/api#sendgift. All that are here are unlimited."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.content import formatted
from sandbox.methods.emoji import placeholder
from sandbox.methods.members import somebody
from sandbox.world.events import Json
from sandbox.world.stars import from_user

GIFTS = {
    "5170145012310081615": ("💝", 15),
    "5170233102089322756": ("🧸", 15),
    "5170250947678437525": ("🎁", 25),
    "5170144170496491616": ("🎂", 50),
    "5168043875654172773": ("🏆", 100),
}
"""Some of those that there are: emoji and price in Stars by id."""
PREMIUM = {3: 1000, 6: 1500, 12: 2500}
"""Stars by months: https://core.telegram.org/bots/api#giftpremiumsubscription."""
WORTH = 85
"""Percent of its price that a gift is to who turns it into Stars: 13 for one of 15."""
LONGEST_TEXT = 128
MOST = 100
"""https://core.telegram.org/bots/api#getusergifts"""


async def get_available_gifts(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getavailablegifts"""
    return {"gifts": [gift(call, gift_id) for gift_id in GIFTS]}


async def send_gift(call: Call) -> bool:
    """https://core.telegram.org/bots/api#sendgift: to a user or a channel."""
    params, bot = call.params, call.bot
    if params["gift_id"] not in GIFTS:
        raise bad_request("STARGIFT_INVALID")
    given, words = gift(call, params["gift_id"]), text(call)
    if "chat_id" in params:
        chat = call.chat(read=True)
        if not chat.is_channel:
            raise bad_request("CHAT_INVALID")
        to, partner = chat.chat_id, {"type": "chat", "chat": chat.info, "gift": given}
    else:
        to = somebody(call) if "user_id" in params else nobody()
        partner = from_user(call.world.user(to), "gift_purchase", gift=given)
    pay(call, given["star_count"], partner)
    about = {"gift": given, "send_date": call.world.clock.date, "sender_user": bot.user, **words}
    kept: Json = {"type": "regular", "is_saved": True, "owned_gift_id": call.world.new_id()}
    kept["convert_star_count"] = (given["star_count"] * WORTH + 50) // 100
    call.world.gifts.setdefault(to, []).append(kept | about)
    if to in bot.chats:
        content = {"gift": {"gift": given, **words}}
        call.world.post(bot.chats[to], bot.user, content, bot_id=bot.bot_id)
    return True


async def gift_premium_subscription(call: Call) -> bool:
    """https://core.telegram.org/bots/api#giftpremiumsubscription"""
    user_id, months = somebody(call), call.params["month_count"]
    if PREMIUM.get(months) != call.params["star_count"]:
        raise bad_request("STARS_AMOUNT_INVALID")
    text(call)
    user = call.world.user(user_id)
    partner = from_user(user, "premium_purchase", premium_subscription_duration=months)
    pay(call, call.params["star_count"], partner)
    call.world.users[user_id] = user | {"is_premium": True}
    return True


async def get_user_gifts(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getusergifts"""
    return owned(call, somebody(call))


async def get_chat_gifts(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getchatgifts"""
    return owned(call, call.chat(read=True).chat_id)


def gift(call: Call, gift_id: str) -> Json:
    """https://core.telegram.org/bots/api#gift"""
    emoji, price = GIFTS[gift_id]
    sticker = placeholder(call, gift_id, type="regular", emoji=emoji)
    return {"id": gift_id, "sticker": sticker, "star_count": price}


def text(call: Call) -> Json:
    """What is written on a gift. Raises ApiError 400."""
    words = formatted(call, call.params, "text", "text_entities", "text_parse_mode")
    if len(words.get("text", "")) > LONGEST_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    return {name.removeprefix("text_"): value for name, value in words.items()}


def pay(call: Call, amount: int, partner: Json) -> None:
    """Stars go out. Raises ApiError 400 if there are not enough."""
    if call.bot.purse.balance < amount:
        raise bad_request("BALANCE_TOO_LOW")
    call.bot.purse.note(call.world.new_id(), amount, partner, call.world.clock.date, out=True)


def nobody() -> int:
    """Raises ApiError 400: a gift is for somebody."""
    raise bad_request("invalid user_id specified")


def owned(call: Call, owner_id: int, *, ids: bool = False) -> Json:
    """The OwnedGifts of somebody, the newest first unless sorted by price, perhaps with `ids` and
    what they are worth."""
    params = call.params
    hidden = () if ids else ("owned_gift_id", "convert_star_count")
    found = [
        {name: value for name, value in one.items() if name not in hidden}
        for one in reversed(call.world.gifts.get(owner_id, []))
    ]
    if params.get("exclude_unlimited") or params.get("exclude_saved"):
        found = []
    if params.get("sort_by_price"):
        found.sort(key=lambda one: -one["gift"]["star_count"])
    offset = params.get("offset", "")
    first = int(offset) if offset.isdecimal() else 0
    last = first + max(1, min(MOST, params.get("limit", MOST)))
    following = {"next_offset": str(last)} if last < len(found) else {}
    return {"total_count": len(found), "gifts": found[first:last], **following}


# None of those that are here are limited, unique, hidden or from a blockchain.
SOME = (
    *("exclude_unlimited", "exclude_limited_upgradable", "exclude_limited_non_upgradable"),
    *("exclude_from_blockchain", "exclude_unique", "sort_by_price", "offset", "limit"),
)
TEXT = ("text", "text_parse_mode", "text_entities")
MODELS = {
    "sendGift": ("user_id", "chat_id", *TEXT),
    "giftPremiumSubscription": TEXT,
    "getUserGifts": SOME,
    "getChatGifts": (*SOME, "exclude_unsaved", "exclude_saved"),
}
