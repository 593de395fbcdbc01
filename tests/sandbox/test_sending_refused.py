"""What Telegram refuses of what bots send, in its words."""

from typing import Any

import pytest

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, Raw

KEYBOARD = "reply_markup"
INLINE = "can't parse inline keyboard button: "


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("sendMessage", {"text": "é" * 20_000}, "text is too long"),
        ("sendMessage", {"text": "x", "message_thread_id": 5}, "message thread not found"),
        (
            "sendMessage",
            {"text": "x", "reply_parameters": {"message_id": 1, "quote": "ho"}},
            "QUOTE_TEXT_INVALID",
        ),
        (
            "sendMessage",
            {"text": "x", "reply_parameters": 5},
            "object expected as reply parameters",
        ),
        (
            "sendMessage",
            {"text": "x", "reply_parameters": {"message_id": "x"}},
            'can\'t parse reply parameters: Field "message_id" must be of type Number',
        ),
        (
            "sendMessage",
            {"text": "x", "entities": [{"type": "bold"}]},
            "can't parse entities: Can't find field",
        ),
        (
            "sendMessage",
            {"text": "x", KEYBOARD: {"inline_keyboard": [[{}]]}},
            f"{INLINE}Can't find",
        ),
        (
            "sendMessage",
            {"text": "x", KEYBOARD: {"inline_keyboard": [[{"text": "a", "url": "http://h"}]]}},
            "inline keyboard button URL 'http://h' is invalid: Wrong HTTP URL",
        ),
        (
            "sendMessage",
            {
                "text": "x",
                KEYBOARD: {"inline_keyboard": [[{"text": "a", "web_app": {"url": "http://a.b"}}]]},
            },
            "inline keyboard button Web App URL 'http://a.b' is invalid: Only HTTPS links",
        ),
        ("sendPhoto", {}, "there is no photo in the request"),
        ("sendPhoto", {"photo": "attach://nothing"}, "there is no photo in the request"),
        ("sendVideoNote", {}, "there is no video note in the request"),
        ("sendPhoto", {"photo": "https://a.b/c.png", "caption": "x" * 1025}, "message caption is"),
        ("sendContact", {"first_name": "x"}, 'parameter "phone_number" is required'),
        ("sendLocation", {"longitude": 1}, "latitude is empty"),
        ("sendLocation", {"longitude": 1, "latitude": "x"}, "latitude is empty"),
        ("sendLocation", {"longitude": 1, "latitude": 91}, "wrong location specified"),
        (
            "sendLocation",
            {"longitude": 1, "latitude": 1, "live_period": 59},
            "wrong live location period specified",
        ),
        ("sendDice", {"emoji": "🙂"}, "EMOTICON_INVALID"),
        ("sendMediaGroup", {}, 'parameter "media" is required'),
        ("sendMediaGroup", {"media": {}}, "expected an Array of InputMedia"),
        ("sendMediaGroup", {"media": []}, "there are no messages to send"),
        (
            "sendMediaGroup",
            {"media": [{"type": "photo", "media": "attach://a"}]},
            "can't parse InputMedia: media not found",
        ),
        (
            "sendMediaGroup",
            {"media": [{"type": "x", "media": "y"}]},
            "can't parse InputMedia: type",
        ),
        (
            "sendInvoice",
            {"title": "T", "description": "D", "payload": "p", "currency": "XTR", "prices": []},
            "there must be at least one price",
        ),
        (
            "sendInvoice",
            {
                "title": "T",
                "description": "D",
                "payload": "p",
                "currency": "EUR",
                "prices": [{"label": "x", "amount": 5}],
            },
            "PAYMENT_PROVIDER_INVALID",
        ),
        (
            "sendInvoice",
            {
                "title": "T",
                "description": "D",
                "payload": "p",
                "currency": "XTR",
                "prices": [{"label": "x"}],
            },
            "can't parse labeled price: Can't find field \"amount\"",
        ),
        (
            "sendMessage",
            {"text": "x", KEYBOARD: {"inline_keyboard": [[{"text": "x", "url": "t.me"}]] * 101}},
            "reply markup is too long",
        ),
    ],
)
async def test_what_is_refused(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    status, body = await raw(method, chat_id=ALICE, **params)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")
