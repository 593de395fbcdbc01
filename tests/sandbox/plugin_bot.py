"""A bot that does a bit of everything, for the tests of the pytest plugin, and two ways to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandObject
from aiogram.methods import SendMessage
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InputPaidMediaPhoto,
    InputTextMessageContent,
    KeyboardButton,
    LabeledPrice,
    Message,
    MessageReactionUpdated,
    PollAnswer,
    PreCheckoutQuery,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    WebAppInfo,
)

from sandbox.server import running
from sandbox.testing import BotUnderTest, Telegram
from sandbox.testing.running import in_process, over_http

BOTS = {
    "first": BotUnderTest(f"1000001:{'s' * 35}"),
    "second": BotUnderTest(f"1000002:{'s' * 35}"),
}
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\2\0\0\0\3\10\2\0\0\0"
"""The beginning of a picture of 2 x 3 pixels."""
INLINE = InlineKeyboardMarkup(
    inline_keyboard=[
        [
            InlineKeyboardButton(text="Alert", callback_data="alert"),
            InlineKeyboardButton(text="Edit", callback_data="edit"),
        ],
        [
            InlineKeyboardButton(text="Delete", callback_data="delete"),
            InlineKeyboardButton(text="Site", url="https://example.com"),
        ],
    ]
)
KEYBOARD = ReplyKeyboardMarkup(
    keyboard=[
        [KeyboardButton(text="Yes"), KeyboardButton(text="No")],
        [KeyboardButton(text="My number", request_contact=True)],
        [KeyboardButton(text="My place", request_location=True)],
    ]
)


async def show_inline(message: Message) -> None:
    await message.answer("Inline", reply_markup=INLINE)


async def show_keyboard(message: Message) -> None:
    # In groups no button may ask for a number or a place.
    rows = KEYBOARD.keyboard if message.chat.type == "private" else KEYBOARD.keyboard[:1]
    await message.answer("Keyboard", reply_markup=ReplyKeyboardMarkup(keyboard=rows))


async def show_photo(message: Message) -> None:
    await message.answer_photo(
        BufferedInputFile(PNG, "a.png"), caption="a <b>bold</b> &amp; big one", parse_mode="HTML"
    )


async def show_document(message: Message) -> None:
    await message.answer_document(BufferedInputFile(b"a,b\n1,2\n", "table.csv"))


async def show_poll(message: Message) -> None:
    await message.answer_poll("Tea?", ["With milk", "Without"], is_anonymous=False)


async def show_invoice(message: Message, command: CommandObject) -> None:
    prices = [LabeledPrice(label="Tea", amount=5)]
    await message.answer_invoice("Tea", "A cup", command.args or "", "XTR", prices)


async def show_other_things(message: Message) -> None:
    await message.answer_game("chess")
    photo = InputPaidMediaPhoto(media="https://example.com/a.png")
    await message.answer_paid_media(5, [photo], caption="paid")
    app = WebAppInfo(url="https://example.com")
    open_it = InlineKeyboardButton(text="Open", web_app=app)
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[open_it]])
    await message.answer("An app", reply_markup=keyboard)
    choose = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Choose", web_app=app)]])
    await message.answer("Another", reply_markup=choose)


async def show_link(message: Message, bot: Bot) -> None:
    prices = [LabeledPrice(label="Tea", amount=5)]
    await message.answer(await bot.create_invoice_link("Tea", "A cup", "tea", "XTR", prices))


async def take_app_data(message: Message) -> None:
    assert message.web_app_data
    await message.answer(message.web_app_data.data)


async def check_payment(query: PreCheckoutQuery) -> None:
    if query.invoice_payload != "ignored":
        await query.answer(ok=query.invoice_payload == "tea", error_message="Sold out")


async def thank(message: Message) -> None:
    await message.answer("Thank you")


async def offer(query: InlineQuery) -> None:
    if query.query != "ignored":
        content = InputTextMessageContent(message_text=f"I want {query.query}")
        await query.answer(
            [InlineQueryResultArticle(id="1", title="Order", input_message_content=content)]
        )


async def pin(message: Message) -> None:
    await message.pin()
    await message.answer("pinned")


def return_method(message: Message) -> SendMessage:
    return SendMessage(chat_id=message.chat.id, text="called for the handler")


async def weigh(message: Message, bot: Bot) -> None:
    for kind in ("photo", "document", "voice", "sticker"):
        if file := getattr(message, kind):
            content = await bot.download(file[-1] if kind == "photo" else file)
            assert content
            size = len(content.read())
            album = f", album {message.media_group_id}" if message.media_group_id else ""
            caption = message.caption or "no caption"
            await message.answer(f"{kind} of {size} bytes, {caption}{album}")


async def tell_number(message: Message) -> None:
    contact = message.contact
    assert contact
    assert message.from_user
    own = contact.user_id == message.from_user.id
    await message.answer(f"{contact.first_name}: {contact.phone_number}, {own=}")


async def tell_place(message: Message) -> None:
    assert message.location
    await message.answer(f"{message.location.latitude:.2f} {message.location.longitude:.2f}")


async def react(message: Message) -> None:
    await message.react([ReactionTypeEmoji(emoji="👍")])


async def echo(message: Message) -> None:
    to = message.reply_to_message
    await message.answer(f"{message.text}" + (f" (to {to.text})" if to else ""))


async def press(query: CallbackQuery) -> None:
    if query.data == "alert":
        await query.answer("Careful!", show_alert=True)
    elif isinstance(query.message, Message):
        await query.answer()
        if query.data == "delete":
            await query.message.delete()
        else:
            await query.message.edit_text("Working…", reply_markup=INLINE)
            await query.message.edit_text("Done")


async def note_edit(message: Message) -> None:
    await message.answer(f"edited: {message.text}")


async def note_reaction(event: MessageReactionUpdated, bot: Bot) -> None:
    emoji = [one.emoji for one in event.new_reaction if isinstance(one, ReactionTypeEmoji)]
    await bot.send_message(event.chat.id, f"reaction: {emoji}")


async def note_vote(answer: PollAnswer, bot: Bot) -> None:
    assert answer.user
    await bot.send_message(answer.user.id, f"vote: {answer.option_ids}")


def create_router() -> Router:
    router = Router()
    handle = router.message.register
    handle(show_inline, Command("inline"))
    handle(show_keyboard, Command("keyboard"))
    handle(show_photo, Command("photo"))
    handle(show_document, Command("document"))
    handle(show_poll, Command("poll"))
    handle(show_invoice, Command("invoice"))
    handle(thank, F.successful_payment)
    handle(show_other_things, Command("others"))
    handle(show_link, Command("link"))
    handle(take_app_data, F.web_app_data)
    handle(pin, Command("pin"))
    handle(return_method, Command("return"))
    handle(react, Command("like"))
    handle(weigh, F.photo | F.document | F.voice | F.sticker)
    handle(tell_number, F.contact)
    handle(tell_place, F.location)
    handle(echo, F.text, ~F.text.startswith("quiet"))
    router.callback_query.register(press)
    router.edited_message.register(note_edit)
    router.message_reaction.register(note_reaction)
    router.poll_answer.register(note_vote)
    router.inline_query.register(offer)
    router.pre_checkout_query.register(check_payment)
    return router


def create_dispatcher() -> Dispatcher:
    dispatcher = Dispatcher()
    dispatcher.include_router(create_router())
    return dispatcher


@contextlib.asynccontextmanager
async def in_one_process() -> AsyncIterator[Telegram]:
    """Two of these bots, without sockets."""
    async with in_process(create_dispatcher(), BOTS) as telegram:
        yield telegram


@contextlib.asynccontextmanager
async def with_a_service() -> AsyncIterator[Telegram]:
    """The same over HTTP, where a service polls."""
    dispatcher = create_dispatcher()
    async with running() as url:
        session = AiohttpSession(api=TelegramAPIServer.from_base(url))
        bots = [Bot(one.token, session=session) for one in BOTS.values()]
        for bot in bots:
            await bot.me()
        # As tasks, handlers would run out of order and, when all is over, on a closed session.
        polling = dispatcher.start_polling(*bots, handle_signals=False, handle_as_tasks=False)
        service = asyncio.create_task(polling)
        async with over_http(url, BOTS) as telegram:
            yield telegram
        await dispatcher.stop_polling()
        await service
