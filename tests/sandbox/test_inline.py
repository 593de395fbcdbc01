"""Inline mode: what a user is offered, sends, and the bot does with it afterwards."""

import asyncio
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InputMediaPhoto

from sandbox.client import SandboxClient, SandboxError
from sandbox.errors import NothingCameError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw, state, until
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")
YES = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
TEXT = {"message_text": "<b>chosen</b>", "parse_mode": "HTML"}
URL = "https://example.com/a"
PLACE = {"latitude": 1, "longitude": 2, "title": "T"}
RESULTS: dict[str, tuple[dict[str, Any], str]] = {
    "article": ({"title": "T", "input_message_content": TEXT, "url": URL}, "text"),
    "audio": ({"audio_url": URL, "title": "T"}, "audio"),
    "contact": ({"phone_number": "+1202", "first_name": "Carol"}, "contact"),
    "document": ({"document_url": URL, "title": "T", "mime_type": "application/pdf"}, "document"),
    "game": ({"game_short_name": "chess"}, "game"),
    "gif": ({"gif_url": URL, "thumbnail_url": URL, "caption": "see /x"}, "animation"),
    "location": (PLACE, "location"),
    "mpeg4_gif": ({"mpeg4_url": URL, "thumbnail_url": URL}, "animation"),
    "photo": ({"photo_url": URL, "thumbnail_url": URL, "caption": "*x*"}, "photo"),
    "venue": (PLACE | {"address": "A street"}, "venue"),
    "video": (
        {"video_url": URL, "mime_type": "video/mp4", "thumbnail_url": URL, "title": "T"},
        "video",
    ),
    "voice": ({"voice_url": URL, "title": "T"}, "voice"),
}
CONTENTS: dict[str, tuple[dict[str, Any], str]] = {
    "text": (TEXT, "text"),
    "location": ({"latitude": 1, "longitude": 2}, "location"),
    "venue": (PLACE | {"address": "A"}, "venue"),
    "contact": ({"phone_number": "+1202", "first_name": "Carol"}, "contact"),
    "invoice": (
        {
            "title": "T",
            "description": "D",
            "payload": "p",
            "currency": "XTR",
            "prices": [{"label": "x", "amount": 5}],
        },
        "invoice",
    ),
}


async def offer(
    sandbox: SandboxClient,
    raw: Raw,
    results: list[Any],
    where: dict[str, int] | None = None,
    **params: object,
) -> dict[str, Any]:
    """What a user sees behind `@bot cats` when the bot answers this."""
    about = {"bot_id": BOT_ID, "user_id": ALICE, "query": "cats", **(where or {})}
    asking = asyncio.create_task(sandbox.ask("inline_query", wait=5, **about))

    async def pending() -> bool:
        return bool((await state(sandbox))["pending"])

    await until(pending)
    _, body = await raw("getUpdates", offset=-1)
    query = body["result"][0]["inline_query"]
    assert query["query"] == "cats"
    assert query["chat_type"] == ("private" if where else "sender")
    status, body = await raw(
        "answerInlineQuery", inline_query_id=query["id"], results=results, **params
    )
    if status != 200:
        asking.cancel()
        # As aiogram would, but for its method: there is none, the call was raw.
        raise TelegramBadRequest(method=None, message=body["description"])  # type: ignore[arg-type]
    await raw("getUpdates", offset=-1)
    answer: dict[str, Any] = await asking
    return answer


async def choose(sandbox: SandboxClient, offered: dict[str, Any], **where: int) -> dict[str, Any]:
    answer: dict[str, Any] = await sandbox._connection.ask(
        "choose",
        {
            "bot_id": BOT_ID,
            "user_id": ALICE,
            "query_id": offered["query_id"],
            "result_id": offered["results"][0]["id"],
            **where,
        },
        0,
    )
    message: dict[str, Any] = answer["message"]
    return message


@pytest.mark.parametrize("kind", RESULTS)
async def test_every_kind_of_result(sandbox: SandboxClient, raw: Raw, kind: str) -> None:
    fields, becomes = RESULTS[kind]
    offered = await offer(sandbox, raw, [{"type": kind, "id": "1", **fields}])
    message = await choose(sandbox, offered)
    assert becomes in message
    assert message["via_bot"]["id"] == BOT_ID
    assert message["from"]["id"] == ALICE


@pytest.mark.parametrize("kind", CONTENTS)
async def test_every_kind_of_content(sandbox: SandboxClient, raw: Raw, kind: str) -> None:
    fields, becomes = CONTENTS[kind]
    result = {"type": "article", "id": "1", "title": "T", "input_message_content": fields}
    message = await choose(sandbox, await offer(sandbox, raw, [result]))
    assert becomes in message


async def test_an_invoice_can_be_paid(sandbox: SandboxClient, raw: Raw, bot: Bot) -> None:
    fields, _ = CONTENTS["invoice"]
    result = {"type": "article", "id": "1", "title": "T", "input_message_content": fields}
    message = await choose(sandbox, await offer(sandbox, raw, [result]))
    about = {"bot_id": BOT_ID, "message_id": message["message_id"]}
    paying = asyncio.create_task(sandbox.ask("pay", timeout=60, wait=60, **about))

    async def asked() -> Any:
        queries = [update.pre_checkout_query for update in await bot.get_updates()]
        return next((query for query in queries if query), None)

    await until(asked)
    query = await asked()
    assert query.invoice_payload == "p"
    await bot.answer_pre_checkout_query(query.id, ok=True)
    assert (await paying)["message"]["successful_payment"]["invoice_payload"] == "p"


CACHED = {"gif": "animation", "mpeg4_gif": "animation"}


@pytest.mark.parametrize(
    "kind", ["audio", "document", "gif", "mpeg4_gif", "photo", "sticker", "video", "voice"]
)
async def test_files_that_telegram_has(
    sandbox: SandboxClient, raw: Raw, bot: Bot, kind: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    becomes = CACHED.get(kind, kind)
    await getattr(bot, f"send_{becomes}")(ALICE, BufferedInputFile(PNG, "a.png"))
    file = (await sandbox.messages(BOT_ID, ALICE))[-1][becomes]
    file_id = (file[-1] if kind == "photo" else file)["file_id"]
    field = "mpeg4_file_id" if kind == "mpeg4_gif" else f"{kind}_file_id"
    result = {"type": kind, "id": "1", "title": "T", field: file_id}
    message = await choose(sandbox, await offer(sandbox, raw, [result]))
    assert becomes in message


async def test_the_bot_changes_what_was_sent(sandbox: SandboxClient, raw: Raw, bot: Bot) -> None:
    result = {"type": "article", "id": "a", "title": "T", "input_message_content": TEXT}
    offered = await offer(
        sandbox,
        raw,
        [result | {"reply_markup": YES}],
        next_offset="20",
        button={"text": "Settings", "start_parameter": "x"},
    )
    assert offered["next_offset"] == "20"
    assert offered["button"]["text"] == "Settings"
    message = await choose(sandbox, offered)
    [*_, own, chosen] = await bot.get_updates()
    assert own.message  # it was sent to the bot itself
    assert own.message.text == "chosen"
    assert chosen.chosen_inline_result
    inline_id = chosen.chosen_inline_result.inline_message_id
    assert inline_id
    await sandbox.press(BOT_ID, ALICE, message["message_id"], "yes")
    query = (await bot.get_updates())[-1].callback_query
    assert query
    assert (query.inline_message_id, query.message) == (inline_id, None)
    assert await query.answer("Yes")
    assert await bot.edit_message_text("done", inline_message_id=inline_id) is True
    photo = InputMediaPhoto(media=URL, caption="photo")
    assert await bot.edit_message_media(photo, inline_message_id=inline_id) is True
    assert await bot.edit_message_caption(inline_message_id=inline_id, caption="other") is True
    seen = (await sandbox.messages(BOT_ID, ALICE))[-1]
    assert (seen["caption"], "photo" in seen) == ("other", True)


async def test_in_a_group_without_the_bot(sandbox: SandboxClient, raw: Raw) -> None:
    group = await sandbox.ask("create_group", title="Team", user_ids=[7, 8], bot_ids=[])
    result = {"type": "article", "id": "a", "title": "T", "input_message_content": TEXT}
    message = await choose(sandbox, await offer(sandbox, raw, [result]), chat_id=group["id"])
    assert message["chat"]["id"] == group["id"]
    [group] = await sandbox.ask("groups")
    assert {member["user"]["id"] for member in group["members"]} == {7, 8}


async def test_in_the_chat_with_another_bot(
    sandbox: SandboxClient, raw: Raw, bot: Bot, second: Bot
) -> None:
    photo = {"type": "photo", "id": "a", "photo_url": URL, "thumbnail_url": URL}
    where = {"chat_bot_id": SECOND_ID}
    offered = await offer(sandbox, raw, [photo | {"reply_markup": YES}], where)
    message = await choose(sandbox, offered, **where)
    [update] = await second.get_updates()
    assert update.message
    assert update.message.via_bot
    assert update.message.via_bot.id == BOT_ID
    assert await second.send_photo(ALICE, message["photo"][0]["file_id"])
    assert await sandbox.messages(BOT_ID, ALICE) == []
    [*_, chosen] = await bot.get_updates()
    assert chosen.chosen_inline_result
    await sandbox.press(SECOND_ID, ALICE, message["message_id"], "yes")
    [*_, pressed] = await bot.get_updates()
    assert pressed.callback_query
    inline_id = pressed.callback_query.inline_message_id
    assert inline_id == chosen.chosen_inline_result.inline_message_id
    assert await bot.edit_message_caption(inline_message_id=inline_id, caption="x") is True
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await second.edit_message_caption(
            chat_id=ALICE, message_id=message["message_id"], caption="y"
        )


async def test_a_query_that_the_bot_leaves(sandbox: SandboxClient, raw: Raw) -> None:
    with pytest.raises(NothingCameError):
        await sandbox.ask("inline_query", bot_id=BOT_ID, user_id=ALICE, query="", timeout=0.05)
    with pytest.raises(SandboxError, match="no answered inline query"):
        await choose(sandbox, {"query_id": "1", "results": [{"id": "1"}]})
    assert (await raw("answerInlineQuery", inline_query_id="1", results=[]))[0] == 400


ARTICLE = {"type": "article", "id": "1", "title": "T", "input_message_content": TEXT}


@pytest.mark.parametrize(
    ("results", "error"),
    [
        ([ARTICLE] * 51, "too many inline query results specified"),
        ([ARTICLE] * 2, "RESULT_ID_DUPLICATE"),
        ([ARTICLE | {"id": "x" * 65}], "RESULT_ID_INVALID"),
        ({}, "expected an Array of inline query results"),
        ([5], "can't parse inline query result"),
        ([{"type": "pizza", "id": "1"}], "can't parse inline query result: type is unsupported"),
        ([{"type": "article", "id": "1"}], "can't parse inline query result: Can't find field"),
        ([ARTICLE | {"input_message_content": {}}], "can't parse inline query result"),
        ([ARTICLE | {"input_message_content": {"message_text": ""}}], "message text is empty"),
        ([{"type": "sticker", "id": "1", "sticker_file_id": "x"}], "wrong file identifier"),
    ],
)
async def test_wrong_results(sandbox: SandboxClient, raw: Raw, results: Any, error: str) -> None:
    with pytest.raises(TelegramBadRequest, match=error):
        await offer(sandbox, raw, results)
