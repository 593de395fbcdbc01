"""What the documentation of the Bot API tells beside the limits of single parameters."""

from typing import Any

import pytest

from sandbox.client import SandboxClient
from tests.sandbox.calls import WEB, live, poll, quiz
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_inline import offer

pytestmark = pytest.mark.usefixtures("fitting")


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
