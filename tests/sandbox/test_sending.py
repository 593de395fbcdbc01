"""Everything that a bot can send, and what Telegram refuses of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    InputPaidMediaPhoto,
    InputRichMessage,
    LabeledPrice,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)

from sandbox.client import SandboxClient
from sandbox.methods.sending import BUILDERS
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw

pytestmark = pytest.mark.usefixtures("fitting")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\2\0\0\0\3\10\2\0\0\0"
"""The beginning of a picture of 2 x 3 pixels."""
YES = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]]
)
PRICE = [LabeledPrice(label="One", amount=100)]


def picture() -> BufferedInputFile:
    return BufferedInputFile(PNG, "a.png")


def data() -> BufferedInputFile:
    return BufferedInputFile(b"something", "a.bin")


def spans(message: Message) -> list[tuple[str, int, int]]:
    """Where the entities of a caption are."""
    return [(one.type, one.offset, one.length) for one in message.caption_entities or []]


Send = Callable[[Bot], Awaitable[Message]]
SENDERS: dict[str, Send] = {
    "sendMessage": lambda bot: bot.send_message(ALICE, "<b>hi</b>", parse_mode="HTML"),
    "sendPoll": lambda bot: bot.send_poll(ALICE, "Which?", ["one", "two"]),
    "sendDice": lambda bot: bot.send_dice(ALICE, emoji="🎯"),
    "sendVenue": lambda bot: bot.send_venue(ALICE, 1.5, 2.5, "A place", "A street"),
    "sendInvoice": lambda bot: bot.send_invoice(ALICE, "T", "D", "payload", "XTR", PRICE),
    "sendContact": lambda bot: bot.send_contact(ALICE, "+12025550123", "Carol", last_name="C"),
    "sendLocation": lambda bot: bot.send_location(ALICE, 1.5, 2.5, live_period=60, heading=90),
    "sendGame": lambda bot: bot.send_game(ALICE, "chess"),
    "sendPaidMedia": lambda bot: bot.send_paid_media(
        ALICE, 5, [InputPaidMediaPhoto(media=picture())], caption="5 stars"
    ),
    "sendPhoto": lambda bot: bot.send_photo(
        ALICE, picture(), caption="*it*", parse_mode="Markdown", has_spoiler=True
    ),
    "sendAudio": lambda bot: bot.send_audio(ALICE, data(), title="T", performer="P", duration=3),
    "sendDocument": lambda bot: bot.send_document(ALICE, data(), caption="see /help"),
    "sendVideo": lambda bot: bot.send_video(
        ALICE,
        data(),
        cover=picture(),
        width=4,
        height=2,
        show_caption_above_media=True,
        caption="x",
    ),
    "sendAnimation": lambda bot: bot.send_animation(ALICE, data(), thumbnail=picture()),
    "sendVoice": lambda bot: bot.send_voice(ALICE, data(), duration=2),
    "sendVideoNote": lambda bot: bot.send_video_note(ALICE, data(), length=240),
    "sendSticker": lambda bot: bot.send_sticker(ALICE, data(), emoji="🙂"),
    "sendLivePhoto": lambda bot: bot.send_live_photo(ALICE, data(), picture()),
    "sendRichMessage": lambda bot: bot.send_rich_message(ALICE, InputRichMessage(html="<b>x</b>")),
}
FIELDS = {"sendMessage": "text", "sendVideoNote": "video_note", "sendPaidMedia": "paid_media"}
FIELDS |= {"sendLivePhoto": "live_photo", "sendRichMessage": "rich_message"}


# A checklist is for business accounts: see test_business.py.
@pytest.mark.parametrize("method", sorted(BUILDERS.keys() - {"sendChecklist"}))
async def test_what_is_sent_arrives(sandbox: SandboxClient, bot: Bot, method: str) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await SENDERS[method](bot)
    field = FIELDS.get(method, method.removeprefix("send").lower())
    seen = await sandbox.reply(BOT_ID, ALICE)
    assert seen["message_id"] == sent.message_id
    assert getattr(sent, field)
    assert field in seen


async def test_details_of_what_is_sent(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    photo = await SENDERS["sendPhoto"](bot)
    assert photo.photo
    assert (photo.photo[-1].width, photo.photo[-1].height) == (2, 3)
    assert (photo.caption, photo.has_media_spoiler) == ("it", True)
    assert spans(photo) == [("bold", 0, 2)]
    video = await SENDERS["sendVideo"](bot)
    assert video.video
    assert (video.video.width, video.video.height, video.show_caption_above_media) == (4, 2, True)
    document = await SENDERS["sendDocument"](bot)
    assert document.document
    assert (document.document.file_name, document.document.file_size) == ("a.bin", 9)
    assert spans(document) == [("bot_command", 4, 5)]
    animation = await SENDERS["sendAnimation"](bot)
    assert animation.animation
    assert animation.document
    assert animation.animation.file_id == animation.document.file_id
    invoice = await SENDERS["sendInvoice"](bot)
    assert invoice.reply_markup
    assert invoice.reply_markup.inline_keyboard[0][0].pay
    paid = await SENDERS["sendPaidMedia"](bot)
    assert paid.paid_media
    assert (paid.paid_media.star_count, paid.paid_media.paid_media[0].type) == (5, "photo")


async def test_what_all_have_in_common(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "buy apples")
    sent = await bot.send_message(
        ALICE,
        "x https://example.com",
        protect_content=True,
        message_effect_id="5",
        reply_markup=YES,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_parameters=ReplyParameters(message_id=1, quote="apples"),
    )
    assert sent.has_protected_content
    assert sent.effect_id == "5"
    assert sent.reply_markup
    assert sent.reply_markup.inline_keyboard[0][0].callback_data == "yes"
    assert sent.link_preview_options
    assert sent.reply_to_message
    assert sent.reply_to_message.text == "buy apples"
    assert sent.quote
    assert (sent.quote.text, sent.quote.position) == ("apples", 4)
    again = await bot.send_message(
        ALICE, "y", reply_parameters=ReplyParameters(message_id=sent.message_id)
    )
    assert again.reply_to_message
    assert again.reply_to_message.reply_to_message is None
    lost = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    assert (await bot.send_message(ALICE, "z", reply_parameters=lost)).reply_to_message is None


async def test_a_reply_to_another_chat(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    group = await sandbox.ask("create_group", title="Team", user_ids=[7], bot_ids=[BOT_ID])
    there = await bot.send_message(group["id"], "in the group")
    reply = ReplyParameters(message_id=there.message_id, chat_id=group["id"])
    sent = await bot.send_message(ALICE, "about that", reply_parameters=reply)
    assert sent.reply_to_message is None
    assert sent.external_reply
    assert sent.external_reply.chat
    assert sent.external_reply.chat.id == group["id"]


async def test_albums(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    photo = InputMediaPhoto(media=picture(), caption="<i>both</i>", parse_mode="HTML")
    one, two = await bot.send_media_group(ALICE, [photo, InputMediaVideo(media=data())])
    assert one.media_group_id == two.media_group_id
    assert spans(one) == [("italic", 0, 4)]
    assert two.video
    [alone] = await bot.send_media_group(ALICE, [InputMediaDocument(media=data())])
    assert alone.media_group_id is None
    with pytest.raises(TelegramBadRequest, match="audio can't be mixed with other media types"):
        await bot.send_media_group(ALICE, [photo, InputMediaAudio(media=data())])
    with pytest.raises(TelegramBadRequest, match="too many messages to send as an album"):
        await bot.send_media_group(ALICE, [photo] * 11)
    assert len(await sandbox.messages(BOT_ID, ALICE)) == 4


async def test_files_by_id_address_and_attachment(
    sandbox: SandboxClient, bot: Bot, http: aiohttp.ClientSession
) -> None:
    await sandbox.send(BOT_ID, "hi")
    first = await SENDERS["sendPhoto"](bot)
    assert first.photo
    again = await bot.send_photo(ALICE, first.photo[0].file_id)
    assert again.photo
    assert again.photo[0].file_unique_id == first.photo[0].file_unique_id
    web = await bot.send_photo(ALICE, "https://example.com/cat.jpg")
    assert web.photo
    assert web.photo[0].width
    form = aiohttp.FormData({"chat_id": str(ALICE), "photo": "attach://picture"})
    form.add_field("picture", PNG, filename="b.png")
    async with http.post(f"{sandbox.url}/bot{TOKEN}/sendPhoto", data=form) as answer:
        assert (await answer.json())["result"]["photo"][0]["width"] == 2
    with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
        await bot.send_document(ALICE, first.photo[0].file_id)
    with pytest.raises(TelegramBadRequest, match="wrong file identifier/HTTP URL specified"):
        await bot.send_video(ALICE, "nothing")
    with pytest.raises(TelegramBadRequest, match="IMAGE_PROCESS_FAILED"):
        await bot.send_photo(ALICE, data())
    with pytest.raises(TelegramBadRequest, match="file must be non-empty"):
        await bot.send_document(ALICE, BufferedInputFile(b"", "a"))


async def test_actions_and_drafts_show_that_the_bot_works(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    events = sandbox.events(BOT_ID, ALICE)
    await anext(events)
    for action in ("upload_photo", "RECORD_AUDIO", "upload_audio", "pick_up_location", "cancel"):
        assert await bot.send_chat_action(ALICE, action)
    assert await bot.send_message_draft(ALICE, 1, text="I thi")
    assert [(await anext(events))["action"] for _ in range(6)] == [
        *("upload_photo", "record_voice", "upload_voice", "find_location", "cancel", "typing")
    ]
    await events.aclose()


async def test_buttons_without_text_are_left_out(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    rows = [[{"text": ""}], [{"text": "a", "callback_data": "b", "unknown": 5}]]
    _, body = await raw(
        "sendMessage", chat_id=ALICE, text="x", reply_markup={"inline_keyboard": rows}
    )
    seen = body["result"]["reply_markup"]["inline_keyboard"]
    assert seen == [[{"text": "a", "callback_data": "b"}]]


async def test_numbers_may_come_as_strings(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    reply = '{"message_id": "1"}'
    status, body = await raw(
        "sendMessage", chat_id="7", text=5, protect_content="True", reply_parameters=reply
    )
    assert status == 200
    assert body["result"]["text"] == "5"
    assert body["result"]["reply_to_message"]["message_id"] == 1
    assert body["result"]["has_protected_content"]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"text": "😀 see https://example.com/a"}, {"url": "https://example.com/a"}),
        (
            {"text": "<a href='https://a.org/'>x</a>", "parse_mode": "HTML"},
            {"url": "https://a.org/"},
        ),
        ({"text": "none"}, None),
        (
            {
                "text": "none",
                "link_preview_options": {"url": "https://b.org", "is_disabled": False},
            },
            {"url": "https://b.org"},
        ),
        (
            {"text": "a.org", "link_preview_options": {"is_disabled": True}},
            {"is_disabled": True},
        ),
    ],
)
async def test_a_message_tells_of_the_preview_of_its_link(
    sandbox: SandboxClient, raw: Raw, params: dict[str, Any], told: dict[str, Any] | None
) -> None:
    await sandbox.send(BOT_ID, "hi")
    _, body = await raw("sendMessage", chat_id=ALICE, **params)
    assert body["result"].get("link_preview_options") == told
