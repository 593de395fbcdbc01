"""The limits that the documentation of the Bot API tells: up to them, and one beyond."""

import time
from typing import Any

import pytest

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_inline import offer

pytestmark = pytest.mark.usefixtures("fitting")
WEB = "https://example.com/a.jpg"
EURO = {"currency": "EUR", "provider_token": "x"}
STARS = {"currency": "XTR"}


def price(*amounts: int) -> list[dict[str, Any]]:
    return [{"label": "x", "amount": amount} for amount in amounts]


def invoice(**about: Any) -> dict[str, Any]:
    return {"title": "T", "description": "D", "payload": "p", "prices": price(5), **STARS, **about}


def live(**about: Any) -> dict[str, Any]:
    return {"latitude": 1, "longitude": 2, "live_period": 60, **about}


def poll(**about: Any) -> dict[str, Any]:
    return {"question": "?", "options": ["a", "b"], **about}


def quiz(**about: Any) -> dict[str, Any]:
    return poll(type="quiz", correct_option_ids=[0], **about)


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


async def test_what_cannot_be_deleted(sandbox: SandboxClient, raw: Raw) -> None:
    """Dice in a private chat for a day, other messages after two; moderators may at any time."""
    await sandbox.send(BOT_ID, "hi")
    await raw("sendDice", chat_id=ALICE)
    status, body = await raw("deleteMessage", chat_id=ALICE, message_id=2)
    assert (status, body["description"]) == (
        400,
        "Bad Request: message can't be deleted for everyone",
    )
    await sandbox.ask("advance", seconds=86400)
    assert (await raw("deleteMessage", chat_id=ALICE, message_id=2))[0] == 200
    await sandbox.ask("advance", seconds=86400)
    assert (await raw("deleteMessage", chat_id=ALICE, message_id=1))[0] == 400
    group = await sandbox.ask("create_group", title="T", user_ids=[ALICE], bot_ids=[BOT_ID])
    own = {"chat_id": group["id"]}
    _, body = await raw("sendMessage", **own, text="x")
    own["message_id"] = body["result"]["message_id"]
    await sandbox.ask("advance", seconds=2 * 86400)
    assert (await raw("deleteMessage", **own))[0] == 400
    await sandbox.ask("promote", chat_id=group["id"], member_id=BOT_ID)
    assert (await raw("deleteMessage", **own))[0] == 200


async def test_what_is_beyond_a_limit_of_a_location_is_the_limit(
    sandbox: SandboxClient, raw: Raw
) -> None:
    await sandbox.send(BOT_ID, "hi")
    where = {"latitude": 1, "longitude": 2}
    _, body = await raw("sendLocation", chat_id=ALICE, **where, horizontal_accuracy=9000)
    assert body["result"]["location"] == {**where, "horizontal_accuracy": 1500}
    _, body = await raw("sendLocation", chat_id=ALICE, **where, horizontal_accuracy=-1, heading=5)
    assert body["result"]["location"] == where


async def test_how_long_a_live_location_is_prolonged(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    _, body = await raw("sendLocation", chat_id=ALICE, **live(live_period=86400))
    message = {"chat_id": ALICE, "message_id": body["result"]["message_id"]}
    where = {"latitude": 3, "longitude": 4}
    method = "editMessageLiveLocation"
    for period, status in ((86401, 200), (2 * 86400 + 2, 400), (2 * 86400 + 1, 200)):
        assert (await raw(method, **message, **where, live_period=period))[0] == status
        where["latitude"] += 1
    _, body = await raw(method, **message, **where)
    assert body["result"]["location"]["live_period"] == 2 * 86400 + 1
    _, body = await raw(method, **message, **where, live_period=2**31 - 1)
    assert body["result"]["location"]["live_period"] == 2**31 - 1
    assert (await raw(method, **message, latitude=8, longitude=4, live_period=60))[0] == 200


async def test_limits_of_inline_mode(sandbox: SandboxClient, raw: Raw) -> None:
    web_app = {"text": "x", "web_app": {"url": "https://example.com"}}
    start = {"text": "x", "start_parameter": "a" * 64}
    for params in ({"next_offset": "o" * 64}, {"button": web_app}, {"button": start}):
        assert await offer(sandbox, raw, [], **params)
    for params, error in (
        ({"next_offset": "é" * 33}, "NEXT_OFFSET_INVALID"),
        ({"button": {"text": "x"}}, "must have exactly one optional field"),
        ({"button": web_app | start}, "must have exactly one optional field"),
        ({"button": start | {"start_parameter": "a b"}}, "START_PARAM_INVALID"),
        ({"button": start | {"start_parameter": "a" * 65}}, "START_PARAM_INVALID"),
    ):
        with pytest.raises(Exception, match=error):
            await offer(sandbox, raw, [], **params)


async def test_a_file_of_a_result_is_as_the_result_tells(sandbox: SandboxClient, raw: Raw) -> None:
    result: dict[str, Any] = {"type": "video", "id": "1", "title": "T"}
    result |= {"video_url": WEB, "thumbnail_url": WEB}
    result |= {"mime_type": "video/mp4", "video_width": 7, "video_height": 8, "video_duration": 9}
    offered = await offer(sandbox, raw, [result])
    about = {"bot_id": BOT_ID, "user_id": ALICE, "query_id": offered["query_id"]}
    chosen = await sandbox.ask("choose", **about, result_id="1")
    video = chosen["message"]["video"]
    assert (video["width"], video["height"], video["duration"]) == (7, 8, 9)


async def test_media_in_polls(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    photo = {"type": "photo", "media": WEB}
    place = {"latitude": 1, "longitude": 2}
    options = [
        {"text": "photo", "media": photo},
        {"text": "place", "media": {"type": "location", **place}},
        {"text": "venue", "media": {"type": "venue", **place, "title": "T", "address": "A"}},
        {"text": "link", "media": {"type": "link", "url": "https://example.com"}},
        {"text": "nothing"},
    ]
    params = quiz(media=photo, explanation="no", explanation_media=photo) | {"options": options}
    _, body = await raw("sendPoll", chat_id=ALICE, **params)
    made = body["result"]["poll"]
    assert made["media"]["photo"][-1]["width"] == 640
    assert made["explanation_media"]["photo"]
    assert [list(one.get("media", {})) for one in made["options"]] == [
        ["photo"],
        ["location"],
        ["venue"],
        ["link"],
        [],
    ]
    status, _ = await raw("sendPoll", chat_id=ALICE, **poll(media=photo | {"media": "attach://x"}))
    assert status == 400


async def test_a_quote_is_the_nearest_to_its_position(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "😀 yes no yes")
    for position, found in ((0, 3), (4, 3), (9, 10), (99, 10)):
        told = {"message_id": 1, "quote": "yes", "quote_position": position}
        _, body = await raw("sendMessage", chat_id=ALICE, text="x", reply_parameters=told)
        assert body["result"]["quote"]["position"] == found


async def test_a_quote_has_the_formatting_of_the_message(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    await raw("sendMessage", chat_id=ALICE, text="yes <b>yes no</b> yes", parse_mode="HTML")
    for quote, place in (("<b>yes</b>", 4), ("yes", 0), ("<b>no</b> yes", 8)):
        told = {"message_id": 2, "quote": quote, "quote_parse_mode": "HTML", "quote_position": 7}
        _, body = await raw("sendMessage", chat_id=ALICE, text="x", reply_parameters=told)
        made = body["result"]["quote"]
        assert made["position"] == (11 if quote == "yes" else place)
        assert bool(made.get("entities")) is ("<b>" in quote)
    told = {"message_id": 2, "quote": "no"}
    status, body = await raw("sendMessage", chat_id=ALICE, text="x", reply_parameters=told)
    assert (status, body["description"]) == (400, "Bad Request: QUOTE_TEXT_INVALID")


async def test_other_fields_of_a_reply(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    await raw("sendPoll", chat_id=ALICE, **poll())
    told = {"message_id": 2, "poll_option_id": "1"}
    _, body = await raw("sendMessage", chat_id=ALICE, text="x", reply_parameters=told)
    assert body["result"]["reply_to_poll_option_id"] == "1"
    for wrong, error in (
        (told | {"poll_option_id": "7"}, "POLL_OPTION_INVALID"),
        ({"message_id": 1, "checklist_task_id": 5}, '"checklist_task_id" of ReplyParameters'),
        ({"message_id": 1, "ephemeral_message_id": 5}, '"ephemeral_message_id" of ReplyParameters'),
    ):
        status, body = await raw("sendMessage", chat_id=ALICE, text="x", reply_parameters=wrong)
        assert status == 400
        assert error in body["description"]
