"""Paying: https://core.telegram.org/bots/api#payments. Only Stars are counted."""

from __future__ import annotations

import asyncio

from sandbox.control.looking import LONGEST_WAIT
from sandbox.control.people import find
from sandbox.errors import ControlError, NothingCameError
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.pending import Checkout
from sandbox.world.stars import Offer, Subscription, from_user
from sandbox.world.world import ALICE, World

STARS = "XTR"
ADDRESS = {
    "country_code": "GB",
    "state": "",
    "city": "London",
    "street_line1": "221B Baker Street",
    "street_line2": "",
    "post_code": "NW1 6XE",
}


async def pay(
    world: World,
    message_id: int | None = None,
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
    link: str | None = None,
    order_info: Json | None = None,
    shipping_option_id: str | None = None,
    shipping_option: Json | None = None,
    timeout: float = 10.0,
) -> Json:
    """A user pays an invoice, in a message or behind a link: the bot gets `shipping_query`, if the
    price depends on that, `pre_checkout_query` and, when it agrees to each within `timeout`
    seconds, the message `successful_payment`.

    The user fills in what the bot needs as in `order_info`, or with something made up, and takes
    the first way of shipping unless another one is named. Of a `shipping_option`, which was one of
    those that `ask_shipping` gave, the bot is not asked again.

    Answers {"ok": true, "message": …} or, when the bot refuses, {"ok": false, "error_message": …}.
    """
    chat, offer = find_offer(world, message_id, user_id, bot_id, chat_id, link)
    invoice, terms, user = offer.invoice, offer.terms, world.user(user_id)
    about = {
        "currency": invoice["currency"],
        "total_amount": invoice["total_amount"],
        "invoice_payload": terms.payload,
    }
    info = made_up(user) | (order_info or {})
    if needed := {name: info[name] for name in terms.needs}:
        about["order_info"] = needed
    chat.acts()
    if terms.flexible:
        way = shipping_option
        if way is None:
            answer = await ask(world, offer.bot_id, *shipping(offer, user, info), chat, timeout)
            if "error_message" in answer:
                return {"ok": False, **answer}
            way = chosen(answer["options"], shipping_option_id)
        about["shipping_option_id"] = way["id"]
        about["total_amount"] += sum(price["amount"] for price in way["prices"])
    answer = await ask(world, offer.bot_id, "pre_checkout", {"from": user, **about}, chat, timeout)
    if "error_message" in answer:
        return {"ok": False, **answer}
    charges = {f"{who}_payment_charge_id": world.new_id() for who in ("telegram", "provider")}
    about |= charges
    if about["currency"] == STARS:
        about |= book(world, offer, user, charges["telegram_payment_charge_id"])
    _, message = world.write(chat, user, {"successful_payment": about})
    return {"ok": True, "message": message}


async def look_at_invoice(
    world: World,
    message_id: int | None = None,
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
    link: str | None = None,
) -> Json:
    """What a user sees before paying: the `invoice`, whether the price depends on the way of
    shipping, and `order_info`, what the bot needs to know, filled in with something made up."""
    _, offer = find_offer(world, message_id, user_id, bot_id, chat_id, link)
    info, terms = made_up(world.user(user_id)), offer.terms
    needs = {*terms.needs, *(["shipping_address"] if terms.flexible else [])}
    asked = {name: value for name, value in info.items() if name in needs}
    return {"invoice": offer.invoice, "order_info": asked, "is_flexible": terms.flexible}


async def ask_shipping(
    world: World,
    order_info: Json,
    message_id: int | None = None,
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
    link: str | None = None,
    timeout: float = 10.0,
) -> Json:
    """A user asks how the bot ships to the `shipping_address` in `order_info`: it gets
    `shipping_query`. Answers {"ok": true, "options": …} or {"ok": false, "error_message": …}."""
    chat, offer = find_offer(world, message_id, user_id, bot_id, chat_id, link)
    if not offer.terms.flexible:
        raise ControlError("the price of this invoice does not depend on the way of shipping")
    query = shipping(offer, world.user(user_id), order_info)
    answer = await ask(world, offer.bot_id, *query, chat, timeout)
    return {"ok": "error_message" not in answer, **answer}


def shipping(offer: Offer, user: Json, info: Json) -> tuple[str, Json]:
    """The `shipping_query` of somebody, as `ask` wants it."""
    address = info["shipping_address"]
    about = {"invoice_payload": offer.terms.payload, "shipping_address": address}
    return "shipping", {"from": user, **about}


def chosen(options: list[Json], option_id: str | None) -> Json:
    """A way of shipping, the first one unless it is named. Raises ControlError."""
    ways = {one["id"]: one for one in options}
    way = ways.get(option_id or next(iter(ways)))
    if way is None:
        raise ControlError(f"shipping_option_id: there are {list(ways)}")
    return way


def find_offer(
    world: World,
    message_id: int | None,
    user_id: int,
    bot_id: int | None,
    chat_id: int | None,
    link: str | None,
) -> tuple[Chat, Offer]:
    """What is paid, and the chat that tells of it. Raises ControlError."""
    if link is not None:
        offer = world.offers.get(link)
        if offer is None:
            raise ControlError(f"link: no bot has made {link}", 404)
        bot = world.bot(offer.bot_id)
        return world.enter_chat(bot, user_id, world.user(user_id)), offer
    if message_id is None:
        raise ControlError("pay: give message_id or link")
    chat, stored = find(world, bot_id, user_id if chat_id is None else chat_id, message_id)
    invoice = stored.message.get("invoice")
    if invoice is None or stored.terms is None:
        raise ControlError(f"message {message_id} is no invoice of a bot")
    owner = stored.message.get("via_bot", {}).get("id") or stored.bot_id or 0
    return chat, Offer(owner, invoice, stored.terms)


async def ask(
    world: World, bot_id: int, kind: str, query: Json, chat: Chat, timeout: float
) -> Json:
    """Asks the bot by `shipping_query` or `pre_checkout_query`, and gives what it answers. Raises
    NothingCameError."""
    query_id = world.new_id()
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    world.checkouts[query_id] = Checkout(bot_id, kind, answer)
    world.bot(bot_id).enter([{f"{kind}_query": {"id": query_id, **query}}])
    try:
        async with asyncio.timeout(min(LONGEST_WAIT, timeout)):
            return await answer
    except TimeoutError:
        raise NothingCameError(chat.view()) from None


def book(world: World, offer: Offer, user: Json, charge_id: str) -> Json:
    """The bot gets the Stars. Returns what a message tells of a subscription."""
    terms, purse = offer.terms, world.bot(offer.bot_id).purse
    partner = from_user(user, invoice_payload=terms.payload, subscription_period=terms.period)
    purse.note(charge_id, offer.invoice["total_amount"], partner, world.clock.date)
    if not terms.period:
        return {}
    purse.subscriptions[charge_id] = Subscription(user["id"], terms.payload)
    ends = world.clock.date + terms.period
    return {"subscription_expiration_date": ends, "is_recurring": True, "is_first_recurring": True}


def made_up(user: Json) -> Json:
    """What a user fills in: https://core.telegram.org/bots/api#orderinfo."""
    name = " ".join(user[part] for part in ("first_name", "last_name") if part in user)
    email = f"user{user['id']}@example.com"
    return {"name": name, "phone_number": "+15550100", "email": email, "shipping_address": ADDRESS}


async def cancel_subscription(
    world: World,
    bot_id: int,
    charge_id: str,
    canceled: bool = True,  # noqa: FBT001, FBT002
) -> Json:
    """A user cancels a subscription, or takes that back: the bot gets `subscription`."""
    bot = world.bot(bot_id)
    found = bot.purse.subscriptions.get(charge_id)
    if found is None:
        raise ControlError(f"bot {bot_id} has no subscription {charge_id}", 404)
    if found.by_bot:
        raise ControlError(f"bot {bot_id} has cancelled the subscription")
    found.by_user = canceled
    told = {"user": world.user(found.user_id), "invoice_payload": found.payload}
    state = "canceled" if canceled else "active"
    return {"update_id": bot.enter([{"subscription": told | {"state": state}}])[0]}


async def buy_media(
    world: World,
    user_id: int,
    message_id: int,
    bot_id: int | None = None,
    chat_id: int | None = None,
) -> Json:
    """A user buys paid media for Stars: the bot gets `purchased_paid_media`, if it gave a
    payload."""
    chat, stored = find(world, bot_id, user_id if chat_id is None else chat_id, message_id)
    paid = stored.message.get("paid_media")
    if paid is None or stored.terms is None:
        raise ControlError(f"message {message_id} is no paid media of a bot")
    bot, user, payload = world.bot(stored.bot_id or 0), world.user(user_id), stored.terms.payload
    if user_id in stored.buyers:
        raise ControlError(f"user {user_id} has bought it already")
    chat.acts()
    stored.buyers.add(user_id)
    chat.tell("bought", message_id=message_id, buyers=sorted(stored.buyers))
    partner = from_user(
        user, "paid_media_payment", paid_media=paid["paid_media"], paid_media_payload=payload
    )
    bot.purse.note(world.new_id(), paid["star_count"], partner, world.clock.date)
    if payload:
        bot.enter([{"purchased_paid_media": {"from": user, "paid_media_payload": payload}}])
    return {}


async def give_stars(world: World, bot_id: int, amount: int) -> Json:
    """A bot gets Stars, to send gifts with."""
    purse = world.bot(bot_id).purse
    if amount <= 0:
        raise ControlError("amount: write a number above zero")
    purse.note(world.new_id(), amount, {"type": "other"}, world.clock.date)
    return {"balance": purse.balance}


async def purse(world: World, bot_id: int, user_id: int) -> Json:
    """The Stars of a bot, and what a user has subscribed to there."""
    found = world.bot(bot_id).purse
    subscriptions = [
        {"charge_id": charge_id, "payload": one.payload, "canceled": one.by_user or one.by_bot}
        for charge_id, one in found.subscriptions.items()
        if one.user_id == user_id
    ]
    return {"balance": found.balance, "subscriptions": subscriptions}


LOOKING = (look_at_invoice, ask_shipping, purse)
"""What nobody pays by."""
COMMANDS = (pay, cancel_subscription, buy_media, give_stars, *LOOKING)
