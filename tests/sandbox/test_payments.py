"""Payments beyond a simple invoice: links, shipping, Stars, subscriptions, paid media."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    InputPaidMediaPhoto,
    LabeledPrice,
    ShippingOption,
    Update,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")
MONTH = 30 * 86400
PRICES = [LabeledPrice(label="Tea", amount=500)]
FAST = ShippingOption(id="fast", title="Fast", prices=[LabeledPrice(label="Plane", amount=300)])
SLOW = ShippingOption(id="slow", title="Slow", prices=[LabeledPrice(label="Ship", amount=100)])
Pay = Callable[..., Awaitable[tuple[Any, list[Update]]]]


@pytest.fixture
def pay(sandbox: SandboxClient, bot: Bot) -> Pay:
    """Pays while the bot agrees to everything; what comes of it, and the updates of the bot."""

    async def agree(updates: list[Update]) -> None:
        offset = 0
        while True:
            for update in await bot.get_updates(offset, timeout=5):
                updates.append(update)
                offset = update.update_id + 1
                if update.shipping_query:
                    await update.shipping_query.answer(ok=True, shipping_options=[SLOW, FAST]).as_(
                        bot
                    )
                if update.pre_checkout_query:
                    await update.pre_checkout_query.answer(ok=True).as_(bot)
                if update.message and update.message.successful_payment:
                    return

    async def run(**arguments: Any) -> tuple[Any, list[Update]]:
        updates: list[Update] = []
        agreeing = asyncio.create_task(agree(updates))
        answer = await sandbox.ask("pay", wait=5, timeout=5, **arguments)
        await agreeing
        return answer, updates

    return run


async def test_shipping_and_what_the_bot_needs_to_know(
    sandbox: SandboxClient, bot: Bot, pay: Pay
) -> None:
    await sandbox.send(BOT_ID, "/buy")
    invoice = await bot.send_invoice(
        ALICE, "T", "D", "order 5", "eur", PRICES, provider_token="1:TEST",
        need_name=True, need_shipping_address=True, is_flexible=True,
    )  # fmt: skip
    assert invoice.invoice
    assert invoice.invoice.currency == "EUR"
    answer, updates = await pay(
        bot_id=BOT_ID, message_id=invoice.message_id, shipping_option_id="fast"
    )
    shipping = next(one.shipping_query for one in updates if one.shipping_query)
    assert (shipping.invoice_payload, shipping.shipping_address.city) == ("order 5", "London")
    checkout = next(one.pre_checkout_query for one in updates if one.pre_checkout_query)
    assert (checkout.total_amount, checkout.shipping_option_id) == (800, "fast")
    assert checkout.order_info
    assert (checkout.order_info.name, checkout.order_info.email) == ("Alice", None)
    paid = answer["message"]["successful_payment"]
    assert (paid["total_amount"], paid["shipping_option_id"]) == (800, "fast")
    assert paid["order_info"]["shipping_address"]["city"] == "London"
    assert (await bot.get_my_star_balance()).amount == 0


async def test_a_user_looks_before_paying(sandbox: SandboxClient, bot: Bot, pay: Pay) -> None:
    """What is asked is seen first, and the ways of shipping; then the bot is not asked again."""
    await sandbox.send(BOT_ID, "/buy")
    link = await bot.create_invoice_link(
        "T", "D", "p", "EUR", PRICES,
        provider_token="1:TEST", need_email=True, is_flexible=True,
    )  # fmt: skip
    seen = await sandbox.ask("look_at_invoice", link=link)
    assert (seen["invoice"]["total_amount"], seen["is_flexible"]) == (500, True)
    assert seen["order_info"].keys() == {"email", "shipping_address"}
    asking = asyncio.create_task(
        sandbox.ask("ask_shipping", wait=5, link=link, order_info=seen["order_info"])
    )
    query = None
    while query is None:
        [*_, update] = await bot.get_updates(-1, timeout=5)
        query = update.shipping_query
    await bot.answer_shipping_query(query.id, ok=True, shipping_options=[SLOW, FAST])
    answer = await asking
    assert [one["id"] for one in answer["options"]] == ["slow", "fast"]
    await bot.get_updates(update.update_id + 1)
    _, updates = await pay(link=link, shipping_option=answer["options"][1])
    [checkout, _] = updates
    assert checkout.pre_checkout_query
    assert checkout.pre_checkout_query.total_amount == 800
    plain = await bot.create_invoice_link("T", "D", "p", "XTR", PRICES)
    assert not (await sandbox.ask("look_at_invoice", link=plain))["order_info"]
    with pytest.raises(SandboxError, match="does not depend on the way of shipping"):
        await sandbox.ask("ask_shipping", link=plain, order_info={})


async def test_a_bot_does_not_ship_there(sandbox: SandboxClient, bot: Bot, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "/buy")
    link = await bot.create_invoice_link(
        "T", "D", "p", "EUR", PRICES,
        provider_token="1:TEST", need_shipping_address=True, is_flexible=True,
    )  # fmt: skip
    address = {"country_code": "AQ", "state": "", "city": "Vostok"}
    address |= {"street_line1": "1", "street_line2": "", "post_code": "0"}
    paying = asyncio.create_task(
        sandbox.ask("pay", wait=5, timeout=5, link=link, order_info={"shipping_address": address})
    )
    query = None
    while query is None:
        [*_, update] = await bot.get_updates(-1, timeout=5)
        query = update.shipping_query
    assert query.shipping_address.city == "Vostok"
    wrong = {"shipping_query_id": query.id, "ok": True}
    status, body = await raw("answerPreCheckoutQuery", pre_checkout_query_id=query.id, ok=True)
    assert (status, "query is too old" in body["description"]) == (400, True)
    assert (await raw("answerShippingQuery", **wrong))[0] == 400
    await bot.answer_shipping_query(query.id, ok=False, error_message="Too cold")
    assert await paying == {"ok": False, "error_message": "Too cold"}
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_shipping_query(query.id, ok=False, error_message="x")


async def test_stars_come_in_and_go_out(sandbox: SandboxClient, bot: Bot, pay: Pay) -> None:
    await sandbox.send(BOT_ID, "/buy")
    link = await bot.create_invoice_link("T", "D", "tea", "XTR", PRICES)
    assert link.startswith("https://t.me/$")
    answer, updates = await pay(link=link)
    assert updates[-1].message
    assert updates[-1].message.chat.id == ALICE
    charge_id = answer["message"]["successful_payment"]["telegram_payment_charge_id"]
    assert (await bot.get_my_star_balance()).amount == 500
    await bot.refund_star_payment(ALICE, charge_id)
    assert (await bot.get_my_star_balance()).amount == 0
    assert await sandbox.ask("give_stars", bot_id=BOT_ID, amount=7) == {"balance": 7}
    came, went, gift = (await bot.get_star_transactions()).transactions
    assert came.id == went.id == charge_id
    assert came.source
    assert came.source.type == "user"
    assert came.source.model_dump()["invoice_payload"] == "tea"
    assert (went.source, gift.amount) == (None, 7)
    assert (await bot.get_star_transactions(offset=1, limit=1)).transactions == [went]


async def test_a_subscription(sandbox: SandboxClient, bot: Bot, pay: Pay) -> None:
    await sandbox.send(BOT_ID, "/buy")
    link = await bot.create_invoice_link("T", "D", "gold", "XTR", PRICES, subscription_period=MONTH)
    answer, updates = await pay(link=link)
    paid = answer["message"]["successful_payment"]
    assert paid["is_first_recurring"]
    charge_id = paid["telegram_payment_charge_id"]
    for canceled, state in ((True, "canceled"), (False, "active")):
        await sandbox.ask(
            "cancel_subscription", bot_id=BOT_ID, charge_id=charge_id, canceled=canceled
        )
        [update] = await bot.get_updates(updates[-1].update_id + (1 if canceled else 2))
        assert update.subscription
        assert (update.subscription.state, update.subscription.invoice_payload) == (state, "gold")
    assert await bot.edit_user_star_subscription(ALICE, charge_id, is_canceled=True)
    with pytest.raises(SandboxError, match="has cancelled the subscription"):
        await sandbox.ask("cancel_subscription", bot_id=BOT_ID, charge_id=charge_id)
    with pytest.raises(TelegramBadRequest, match="CHARGE_ID_INVALID"):
        await bot.edit_user_star_subscription(8, charge_id, is_canceled=True)


async def test_paid_media_is_bought(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    photo = InputPaidMediaPhoto(media=BufferedInputFile(PNG, "a.png"))
    sent = await bot.send_paid_media(ALICE, 5, [photo], payload="p")
    bought: dict[str, Any] = {"bot_id": BOT_ID, "user_id": ALICE, "message_id": sent.message_id}
    await sandbox.ask("buy_media", **bought)
    assert (await sandbox.messages(BOT_ID, ALICE))[-1]["buyers"] == [ALICE]
    with pytest.raises(SandboxError, match="has bought it already"):
        await sandbox.ask("buy_media", **bought)
    [*_, update] = await bot.get_updates()
    assert update.purchased_paid_media
    assert update.purchased_paid_media.paid_media_payload == "p"
    assert (await bot.get_my_star_balance()).amount == 5
    [transaction] = (await bot.get_star_transactions()).transactions
    assert transaction.source
    assert transaction.source.model_dump()["transaction_type"] == "paid_media_payment"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"subscription_period": 5}, "SUBSCRIPTION_PERIOD_INVALID"),
        (
            {"subscription_period": MONTH, "currency": "EUR", "provider_token": "x"},
            "CURRENCY_INVALID",
        ),
        (
            {"subscription_period": MONTH, "prices": [{"label": "x", "amount": 10001}]},
            "STARS_INVOICE_INVALID",
        ),
    ],
)
async def test_links_that_cannot_be(raw: Raw, params: dict[str, Any], error: str) -> None:
    values = {"title": "T", "description": "D", "payload": "p", "currency": "XTR"}
    prices = [{"label": "x", "amount": 1}]
    status, body = await raw("createInvoiceLink", **values | {"prices": prices} | params)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


@pytest.mark.parametrize(
    ("command", "arguments", "error"),
    [
        ("pay", {}, "give message_id or link"),
        ("pay", {"link": "x"}, "no bot has made x"),
        ("give_stars", {"bot_id": BOT_ID, "amount": 0}, "above zero"),
        ("buy_media", {"bot_id": BOT_ID, "user_id": 7, "message_id": 1}, "is no paid media"),
        ("cancel_subscription", {"bot_id": BOT_ID, "charge_id": "x"}, "has no subscription x"),
    ],
)
async def test_what_users_cannot_do(
    sandbox: SandboxClient, command: str, arguments: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    with pytest.raises(SandboxError, match=error):
        await sandbox.ask(command, **arguments)
