"""Payments and Stars: https://core.telegram.org/bots/api#payments."""

from __future__ import annotations

import secrets

from aiogram.types import RefundedPayment

from sandbox.errors import bad_request
from sandbox.methods import content
from sandbox.methods.call import Call
from sandbox.methods.decode import TOO_OLD
from sandbox.methods.invoices import invoice
from sandbox.methods.members import somebody
from sandbox.world import members
from sandbox.world.events import Json
from sandbox.world.stars import Offer, Terms, from_user

MONTH = 30 * 86400
MOST_STARS = 10_000
"""Of a subscription: https://core.telegram.org/bots/api#createinvoicelink."""
MOST_TRANSACTIONS = 100
"""https://core.telegram.org/bots/api#getstartransactions"""
ORDER = ("name", "phone_number", "email", "shipping_address")
"""What `need_…` may ask for: https://core.telegram.org/bots/api#orderinfo."""


async def create_invoice_link(call: Call) -> str:
    """https://core.telegram.org/bots/api#createinvoicelink: also of subscriptions."""
    made = invoice(call, call.params)
    offer = Offer(call.bot.bot_id, made["invoice"], terms(call.params))
    if offer.terms.period:
        if offer.invoice["currency"] != content.STARS:
            raise bad_request("CURRENCY_INVALID")
        if offer.terms.period != MONTH:
            raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
        if offer.invoice["total_amount"] > MOST_STARS:
            raise bad_request("STARS_INVOICE_INVALID")
    link = f"https://t.me/${secrets.token_urlsafe(12)}"
    call.world.offers[link] = offer
    return link


def terms(values: Json) -> Terms:
    """What only the bot knows of an invoice or of paid media. For Stars nothing is asked and
    nothing shipped: https://core.telegram.org/bots/api#sendinvoice."""
    stars = values.get("currency", content.STARS).upper() == content.STARS
    return Terms(
        values.get("payload", ""),
        () if stars else tuple(name for name in ORDER if values.get(f"need_{name}")),
        not stars and values.get("is_flexible", False),
        values.get("subscription_period", 0),
    )


async def answer_shipping_query(call: Call) -> bool:
    """https://core.telegram.org/bots/api#answershippingquery: once."""
    options = call.params.get("shipping_options", [])
    if call.params.get("ok") and not options:
        raise bad_request('parameter "shipping_options" is required')
    return settle(call, "shipping", {"options": options})


async def answer_pre_checkout_query(call: Call) -> bool:
    """https://core.telegram.org/bots/api#answerprecheckoutquery: once."""
    return settle(call, "pre_checkout", {})


def settle(call: Call, kind: str, agreed: Json) -> bool:
    """Answers a query with what the bot agrees to, or with why it does not. Raises ApiError 400."""
    if not call.params.get("ok"):
        agreed = {"error_message": call.params.get("error_message", "")}
        if not agreed["error_message"]:
            raise bad_request('parameter "error_message" is required')
    checkout = call.world.checkouts.get(call.params[f"{kind}_query_id"])
    if checkout is None or (checkout.bot_id, checkout.kind) != (call.bot.bot_id, kind):
        raise bad_request(TOO_OLD)
    if checkout.answer.done():
        raise bad_request(TOO_OLD)
    checkout.answer.set_result(agreed)
    return True


async def refund_star_payment(call: Call) -> bool:
    """https://core.telegram.org/bots/api#refundstarpayment: once; a message tells of it.

    Errors: https://core.telegram.org/method/payments.refundStarsCharge, which names none for an
    unknown charge; it is called here what editUserStarSubscription calls it.
    """
    chat = call.chat("user_id")
    wanted = {"telegram_payment_charge_id": call.params["telegram_payment_charge_id"]}
    wanted["currency"] = content.STARS
    found = {
        kind: one.message[kind]
        for one in chat.messages.values()
        for kind in ("successful_payment", "refunded_payment")
        if wanted.items() <= one.message.get(kind, {}).items()
    }
    if not found:
        raise bad_request("CHARGE_ID_INVALID")
    if "refunded_payment" in found:
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    paid = found["successful_payment"]
    refunded = content.described(RefundedPayment, paid)
    members.announce(call.world, chat, call.bot.user, {"refunded_payment": refunded})
    partner = from_user(
        call.world.user(call.params["user_id"]), invoice_payload=paid["invoice_payload"]
    )
    charge_id = wanted["telegram_payment_charge_id"]
    call.bot.purse.note(charge_id, paid["total_amount"], partner, call.world.clock.date, out=True)
    return True


async def get_my_star_balance(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getmystarbalance"""
    return {"amount": call.bot.purse.balance}


async def get_star_transactions(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getstartransactions"""
    offset = max(0, call.params.get("offset", 0))
    limit = max(1, min(MOST_TRANSACTIONS, call.params.get("limit", MOST_TRANSACTIONS)))
    return {"transactions": call.bot.purse.transactions[offset : offset + limit]}


async def edit_user_star_subscription(call: Call) -> bool:
    """https://core.telegram.org/bots/api#edituserstarsubscription

    Errors: https://core.telegram.org/method/payments.botCancelStarsSubscription.
    """
    user_id = somebody(call)
    found = call.bot.purse.subscriptions.get(call.params["telegram_payment_charge_id"])
    if found is None or found.user_id != user_id:
        raise bad_request("CHARGE_ID_INVALID")
    found.by_bot = call.params["is_canceled"]
    return True


# What only a payment provider would see, and the picture of an invoice, is taken, too.
INVOICE = (
    *("max_tip_amount", "suggested_tip_amounts", "is_flexible"),
    *(f"need_{name}" for name in ORDER),
    *("photo_url", "photo_size", "photo_width", "photo_height"),
    *("provider_token", "provider_data"),
    *("send_phone_number_to_provider", "send_email_to_provider"),
)
MODELS = {
    "createInvoiceLink": (*INVOICE, "subscription_period"),
    "answerShippingQuery": ("shipping_options", "error_message"),
    "answerPreCheckoutQuery": ("error_message",),
    "getStarTransactions": ("offset", "limit"),
}
