"""No parameter is silently ignored: it is modelled, or refused in words."""

from typing import Any

import pytest

from sandbox.client import SandboxClient
from sandbox.methods.decode import known_methods, parameters
from sandbox.methods.table import METHODS, MODELLED
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_inline import offer

INVOICE: dict[str, Any] = {"title": "T", "description": "D", "payload": "p", "currency": "XTR"}
INVOICE |= {"prices": [{"label": "x", "amount": 5}]}
ALBUM = [{"type": "photo", "media": "https://example.com/a.jpg"}]
POLL: dict[str, Any] = {"question": "?", "options": ["a"]}


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("sendMessage", {"receiver_user_id": 8}, 'does not model "receiver_user_id"'),
        ("sendMessage", {"business_connection_id": "nope"}, "business connection not found"),
        ("sendChatAction", {"business_connection_id": "nope"}, "business connection not found"),
        ("editMessageText", {"business_connection_id": "nope"}, "business connection not found"),
        ("sendMessage", {"message_thread_id": 42}, "message thread not found"),
        ("sendMediaGroup", {"message_thread_id": "42", "media": ALBUM}, "message thread not found"),
        ("sendChatAction", {"message_thread_id": 42}, "message thread not found"),
        (
            "copyMessage",
            {"message_thread_id": 42, "from_chat_id": ALICE},
            "message thread not found",
        ),
        ("sendMessage", {"direct_messages_topic_id": 3}, '"direct_messages_topic_id"'),
        ("sendMessage", {"suggested_post_parameters": {"send_date": 5}}, '"suggested_post_parame'),
        (
            "sendInvoice",
            INVOICE | {"direct_messages_topic_id": 3},
            '" of sendInvoice: leave it out',
        ),
        ("sendPoll", POLL | {"shuffle_options": "true"}, '"shuffle_options"'),
    ],
)
@pytest.mark.parametrize("where", ["private chat", "group"])
async def test_a_parameter_that_is_not_modelled_is_refused(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str, where: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    group = await sandbox.ask("create_group", title="T", user_ids=[ALICE], bot_ids=[BOT_ID])
    proper = {"text": "x", "action": "typing", "message_id": 1}
    chat_id = group["id"] if where == "group" else ALICE
    status, body = await raw(method, chat_id=chat_id, **proper | params)
    assert status == 400
    assert error in body["description"]


async def test_what_says_nothing_is_as_good_as_left_out(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    nothing = {"business_connection_id": "", "message_thread_id": 0, "receiver_user_id": None}
    assert (await raw("sendMessage", chat_id=ALICE, text="x", **nothing))[0] == 200
    assert (await raw("sendInvoice", chat_id=ALICE, **INVOICE, is_flexible=False))[0] == 200


async def test_what_only_telephones_and_purses_feel_is_taken(
    sandbox: SandboxClient, raw: Raw
) -> None:
    await sandbox.send(BOT_ID, "hi")
    silent: dict[str, Any] = {"disable_notification": True, "allow_paid_broadcast": True}
    picture = {"photo_url": "https://example.com/a.png", "photo_width": 5}
    gif = {"document": "https://example.com/a.gif"}
    video = {"video": "https://example.com/a.mp4", "supports_streaming": True}
    for method, params, field in (
        ("sendMessage", {"text": "x"}, "text"),
        ("sendInvoice", INVOICE | picture, "invoice"),
        ("sendVideo", video, "video"),
        ("sendDocument", gif | {"disable_content_type_detection": True}, "document"),
        ("sendDocument", gif, "document"),
    ):
        _, body = await raw(method, chat_id=ALICE, **params | silent)
        assert body["ok"], body
        assert field in body["result"]
    reaction = [{"type": "emoji", "emoji": "👍"}]
    about = {"chat_id": ALICE, "message_id": 1, "reaction": reaction, "is_big": True}
    assert (await raw("setMessageReaction", **about))[0] == 200


def test_what_is_modelled_are_parameters_that_may_be_left_out() -> None:
    for method, modelled in MODELLED.items():
        assert method in METHODS
        optional = [one.name for one in parameters(known_methods()[method]) if not one.required]
        assert set(modelled) <= set(optional), method
        assert len(set(modelled)) == len(modelled), method


async def test_older_names_do_what_the_newer_ones_do(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    _, body = await raw("sendMessage", chat_id=ALICE, text="t.me", disable_web_page_preview=True)
    assert body["result"]["link_preview_options"] == {"is_disabled": True}
    legacy: dict[str, Any] = {"switch_pm_text": "Log in", "switch_pm_parameter": "in"}
    seen = await offer(sandbox, raw, [], **legacy)
    assert seen["button"] == {"text": "Log in", "start_parameter": "in"}


async def test_a_copy_of_a_video_starts_elsewhere(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    params = {"video": "https://example.com/a.mp4", "caption": "c", "start_timestamp": 3}
    _, body = await raw("sendVideo", chat_id=ALICE, **params)
    assert body["result"]["video"]["start_timestamp"] == 3
    again = {"from_chat_id": ALICE, "message_id": 2, "video_start_timestamp": 9}
    _, body = await raw("forwardMessage", chat_id=ALICE, **again)
    assert body["result"]["video"]["start_timestamp"] == 9
    _, body = await raw("copyMessage", chat_id=ALICE, **again)
    assert (await sandbox.messages(BOT_ID, ALICE))[-1]["video"]["start_timestamp"] == 9
