"""The limits that the documentation of the Bot API tells: up to them, and one beyond."""

import time
from typing import Any

import pytest

from sandbox.client import SandboxClient
from tests.sandbox.calls import WEB, live, poll, quiz
from tests.sandbox.conftest import ALICE, BOT_ID, Raw

pytestmark = pytest.mark.usefixtures("fitting")
EURO = {"currency": "EUR", "provider_token": "x"}
STARS = {"currency": "XTR"}


def price(*amounts: int) -> list[dict[str, Any]]:
    return [{"label": "x", "amount": amount} for amount in amounts]


def invoice(**about: Any) -> dict[str, Any]:
    return {"title": "T", "description": "D", "payload": "p", "prices": price(5), **STARS, **about}


def keyboard(**button: Any) -> dict[str, Any]:
    return {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", **button}]]}}


def album(*above: int) -> dict[str, Any]:
    media = {"type": "photo", "media": WEB}
    return {"media": [media | {"show_caption_above_media": bool(one)} for one in above]}


LATER = 2_000_000
PAID = {"media": [{"type": "photo", "media": WEB}]}
CALLS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("sendInvoice", invoice(title="t" * 32), invoice(title="t" * 33), "TITLE_INVALID"),
    (
        "sendInvoice",
        invoice(description="é" * 255),
        invoice(description="d" * 256),
        "DESCRIPTION_INVALID",
    ),
    ("sendInvoice", invoice(payload="p" * 128), invoice(payload="é" * 65), "INVOICE_PAYLOAD_INV"),
    ("sendInvoice", invoice(**EURO), invoice(currency="euro"), "CURRENCY_INVALID"),
    (
        "sendInvoice",
        invoice(start_parameter="a-_9" * 16),
        invoice(start_parameter="a b"),
        "START_PARAM_INVALID",
    ),
    (
        "sendInvoice",
        invoice(**EURO, prices=price(9, -8)),
        invoice(**EURO, prices=price(9, -9)),
        "total price must be positive",
    ),
    ("sendInvoice", invoice(), invoice(prices=price(10**14)), "too big amount of the currency"),
    (
        "sendInvoice",
        invoice(),
        invoice(prices=[{"label": "", "amount": 5}]),
        "can't parse labeled price: LabeledPrice label must be non-empty",
    ),
    (
        "sendInvoice",
        invoice(**EURO, max_tip_amount=9, suggested_tip_amounts=[1, 2, 3, 9]),
        invoice(**EURO, max_tip_amount=9, suggested_tip_amounts=[1, 2, 3, 4, 5]),
        "there can be at most 4 suggested tip amounts",
    ),
    (
        "sendInvoice",
        invoice(**EURO, max_tip_amount=9),
        invoice(**EURO, max_tip_amount=9, suggested_tip_amounts=[10]),
        "suggested tip amount can't be bigger than max_tip_amount",
    ),
    (
        "sendInvoice",
        invoice(**EURO, max_tip_amount=9, suggested_tip_amounts=[1, 2]),
        invoice(**EURO, max_tip_amount=9, suggested_tip_amounts=[2, 1]),
        "suggested tip amounts must be in a strictly increasing order",
    ),
    (
        "sendInvoice",
        invoice(),
        invoice(**EURO, max_tip_amount=9, suggested_tip_amounts=[0]),
        "suggested tip amount must be positive",
    ),
    (
        "sendContact",
        {"phone_number": "1", "first_name": "A", "vcard": "v" * 2048},
        {"phone_number": "1", "first_name": "A", "vcard": "v" * 2049},
        "vCard is too long",
    ),
    ("sendLocation", live(heading=360), live(heading=361), "wrong live location heading"),
    (
        "sendLocation",
        live(proximity_alert_radius=100_000),
        live(proximity_alert_radius=100_001),
        "wrong live location proximity alert radius specified",
    ),
    ("sendLocation", live(live_period=86400), live(live_period=86401), "wrong live location per"),
    ("sendLocation", live(live_period=2**31 - 1), live(live_period=59), "wrong live location per"),
    ("sendPoll", poll(question="q" * 300), poll(question="q" * 301), "poll question length"),
    ("sendPoll", poll(options=["o" * 100]), poll(options=["o" * 101]), "poll options length"),
    ("sendPoll", poll(options=["o"] * 12), poll(options=["o"] * 13), "poll can't have more than"),
    ("sendPoll", poll(open_period=5), poll(open_period=4), "poll must be open for at least 5"),
    (
        "sendPoll",
        poll(close_date=int(time.time()) + LATER),
        poll(close_date=int(time.time()) + 2 * LATER),
        "poll must be open for at least 5 and at most 2628000 seconds",
    ),
    ("sendPoll", poll(), poll(close_date=1000), "poll must be open for at least 5"),
    (
        "sendPoll",
        quiz(explanation="e" * 200),
        quiz(explanation="e" * 201),
        "quiz explanation length must not exceed 200",
    ),
    ("sendPoll", quiz(explanation="e\ne\ne"), quiz(explanation="e\ne\ne\ne"), "quiz explanation"),
    (
        "sendPoll",
        quiz() | {"correct_option_ids": [0, 1]},
        quiz() | {"correct_option_ids": [1, 0]},
        "correct quiz option list must be increasing",
    ),
    ("sendPoll", poll(description="d" * 1024), poll(description="d" * 1025), "message caption is"),
    ("sendPoll", poll(), poll(country_codes=["DE"]), "poll voters can be restricted only in chan"),
    ("sendPoll", poll(), poll(country_codes=["de"]), "invalid country code specified"),
    ("sendPoll", poll(), poll(country_codes=["DE"] * 13), "too many countries specified"),
    (
        "sendMessage",
        keyboard(copy_text={"text": "c" * 256}),
        keyboard(copy_text={"text": "c" * 257}),
        "BUTTON_COPY_TEXT_INVALID",
    ),
    (
        "sendMessage",
        {"text": "x", "reply_markup": {"force_reply": True, "input_field_placeholder": "i" * 64}},
        {"text": "x", "reply_markup": {"force_reply": True, "input_field_placeholder": "i" * 65}},
        "input field placeholder is too long",
    ),
    ("sendMediaGroup", album(1, 1), album(1, 0), "parameter show_caption_above_media"),
    (
        "copyMessages",
        {"from_chat_id": ALICE, "message_ids": [1, 2]},
        {"from_chat_id": ALICE, "message_ids": [2, 1]},
        "message identifiers must be in a strictly increasing order",
    ),
    (
        "forwardMessages",
        {"from_chat_id": ALICE, "message_ids": [1, 99, 2]},
        {"from_chat_id": ALICE, "message_ids": [1, 1]},
        "message identifiers must be in a strictly increasing order",
    ),
    (
        "sendMessageDraft",
        {"draft_id": 1, "text": "t" * 4096},
        {"draft_id": 1, "text": "t" * 4097},
        "message is too long",
    ),
    (
        "sendPaidMedia",
        {"star_count": 25000, **PAID, "payload": "p" * 128},
        {"star_count": 25000, **PAID, "payload": "é" * 65},
        "payload is too long",
    ),
    ("sendMessage", {"text": "t" * 4096}, {"text": "t" * 4097}, "message is too long"),
    (
        "sendPhoto",
        {"photo": WEB, "caption": "c" * 1024},
        {"photo": WEB, "caption": "c" * 1025},
        "message caption is too long",
    ),
]


@pytest.mark.parametrize(("method", "taken", "refused", "error"), CALLS)
async def test_a_limit(
    sandbox: SandboxClient,
    raw: Raw,
    method: str,
    taken: dict[str, Any],
    refused: dict[str, Any],
    error: str,
) -> None:
    for text in ("one", "two"):
        await sandbox.send(BOT_ID, text)
    status, body = await raw(method, chat_id=ALICE, **taken)
    assert status == 200, body
    status, body = await raw(method, chat_id=ALICE, **refused)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")


async def test_a_title_beside_a_name(sandbox: SandboxClient, raw: Raw) -> None:
    group = await sandbox.ask("create_group", title="T", user_ids=[ALICE, 8], bot_ids=[BOT_ID])
    about = {"chat_id": group["id"], "user_id": 8}
    await sandbox.ask("promote", chat_id=group["id"], member_id=BOT_ID)
    assert (await raw("promoteChatMember", **about, can_delete_messages=True))[0] == 200
    method = "setChatAdministratorCustomTitle"
    assert (await raw(method, **about, custom_title="t" * 16))[0] == 200
    for title, error in (("t" * 17, "INVALID"), ("😀", "EMOJI_NOT_ALLOWED")):
        status, body = await raw(method, **about, custom_title=title)
        assert (status, body["description"]) == (400, f"Bad Request: CUSTOM_TITLE_{error}")


async def test_what_is_beyond_a_limit_of_a_location_is_the_limit(
    sandbox: SandboxClient, raw: Raw
) -> None:
    await sandbox.send(BOT_ID, "hi")
    where = {"latitude": 1, "longitude": 2}
    _, body = await raw("sendLocation", chat_id=ALICE, **where, horizontal_accuracy=9000)
    assert body["result"]["location"] == {**where, "horizontal_accuracy": 1500}
    _, body = await raw("sendLocation", chat_id=ALICE, **where, horizontal_accuracy=-1, heading=5)
    assert body["result"]["location"] == where
