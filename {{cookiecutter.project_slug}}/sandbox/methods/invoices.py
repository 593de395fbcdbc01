"""Invoices: https://core.telegram.org/bots/api#sendinvoice."""

from __future__ import annotations

import re

from aiogram.types import Message

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.content import STARS, described
from sandbox.methods.decode import member_type
from sandbox.world.events import Json

CURRENCY = re.compile(r"[A-Z]{3}")
START = re.compile(r"[A-Za-z0-9_-]{0,64}")
LONGEST_TITLE, LONGEST_DESCRIPTION = 32, 255
LONGEST_PAYLOAD = 128
"""Characters, and bytes of the payload: https://core.telegram.org/bots/api#sendinvoice."""
MOST_TIPS = 4
HIGHEST = 9999_9999_9999
"""Of an amount, in the smallest units of its currency, as TDLib has it."""


def invoice(_: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendinvoice: its first button pays. Raises ApiError 400.

    The names of errors are those of https://core.telegram.org/method/messages.sendMedia, but for
    TITLE_INVALID and DESCRIPTION_INVALID: what Telegram calls these is not documented.
    """
    # Examples of telebot and Telegraf sell for `usd`.
    values = values | {"currency": values["currency"].upper()}
    check_texts(values)
    check_prices(values)
    check_tips(values.get("max_tip_amount", 0), values.get("suggested_tip_amounts", []))
    if values["currency"] != STARS:
        if not values.get("provider_token"):
            raise bad_request("PAYMENT_PROVIDER_INVALID")
    elif len(values["prices"]) > 1 or values.get("max_tip_amount"):
        raise bad_request("STARS_INVOICE_INVALID")
    keyboard = values.get("reply_markup", {}).get("inline_keyboard")
    if keyboard and not (keyboard[0] and "pay" in keyboard[0][0]):
        raise bad_request("REPLY_MARKUP_BUY_EMPTY")
    total = sum(price["amount"] for price in values["prices"])
    about = values | {"total_amount": total, "start_parameter": values.get("start_parameter", "")}
    amount = f"{total}" if values["currency"] == STARS else f"{total / 100:.2f}"
    button = {"text": f"Pay {amount} {values['currency']}", "pay": True}
    return {
        "invoice": described(member_type(Message, "invoice"), about),
        "reply_markup": {"inline_keyboard": [[button]]},
    }


def check_texts(values: Json) -> None:
    """Raises ApiError 400 for a text that is too long or is none."""
    payload = values["payload"].encode()
    for right, name in (
        (1 <= len(values["title"]) <= LONGEST_TITLE, "TITLE_INVALID"),
        (1 <= len(values["description"]) <= LONGEST_DESCRIPTION, "DESCRIPTION_INVALID"),
        (1 <= len(payload) <= LONGEST_PAYLOAD, "INVOICE_PAYLOAD_INVALID"),
        (CURRENCY.fullmatch(values["currency"]), "CURRENCY_INVALID"),
        (START.fullmatch(values.get("start_parameter", "")), "START_PARAM_INVALID"),
    ):
        if not right:
            raise bad_request(name)


def check_prices(values: Json) -> None:
    """Raises ApiError 400 for prices that cannot be paid."""
    prices = values["prices"]
    if not prices:
        raise bad_request("there must be at least one price")
    if not all(price["label"] for price in prices):
        raise bad_request("can't parse labeled price: LabeledPrice label must be non-empty")
    amounts = [price["amount"] for price in prices]
    if max(map(abs, amounts)) > HIGHEST:
        raise bad_request("too big amount of the currency specified")
    if sum(amounts) <= 0:
        raise bad_request("total price must be positive")
    if sum(amounts) > HIGHEST:
        raise bad_request("total price is too big")


def check_tips(highest: int, suggested: list[int]) -> None:
    """Raises ApiError 400 for tips that cannot be offered."""
    if not 0 <= highest <= HIGHEST:
        raise bad_request("invalid max_tip_amount of the currency specified")
    if min(suggested, default=1) <= 0:
        raise bad_request("suggested tip amount must be positive")
    if max(suggested, default=0) > highest:
        raise bad_request("suggested tip amount can't be bigger than max_tip_amount")
    if len(suggested) > MOST_TIPS:
        raise bad_request(f"there can be at most {MOST_TIPS} suggested tip amounts")
    if sorted(set(suggested)) != suggested:
        raise bad_request("suggested tip amounts must be in a strictly increasing order")
