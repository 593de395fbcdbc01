"""A part of the bot alone: a test may bring a dispatcher of its own."""

import pytest
from aiogram import Dispatcher, F, Router
from aiogram.filters import Command
from aiogram.types import (
    CallbackQuery,
    ErrorEvent,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from bot.handlers import create_routers, errors
from bot.settings import BotSettings
from fleet.turn import LeftOut
from sandbox.testing import NewUser

pytestmark = pytest.mark.in_process
PRESS = InlineKeyboardButton(text="Press me", callback_data="x")
EDIT = InlineKeyboardButton(text="Edit", callback_data="edit")
OFTEN = InlineKeyboardButton(text="Often", callback_data="often")
KEYBOARD = InlineKeyboardMarkup(inline_keyboard=[[PRESS, EDIT, OFTEN]])


async def offer(message: Message) -> None:
    await message.answer("Two buttons", reply_markup=KEYBOARD)


async def edit(query: CallbackQuery) -> None:
    if isinstance(query.message, Message):
        await query.message.edit_text("Two buttons", reply_markup=KEYBOARD)


async def fail(event: Message | CallbackQuery) -> None:
    raise ValueError(type(event).__name__)


async def leave_out(_: Message | CallbackQuery) -> None:
    raise LeftOut


@pytest.fixture
def dispatcher() -> Dispatcher:
    dispatcher = Dispatcher()
    dispatcher.include_router(errors.create_router())
    dispatcher.message.register(offer, Command("button"))
    dispatcher.message.register(leave_out, F.text == "Too much")
    dispatcher.message.register(fail)
    dispatcher.callback_query.register(edit, F.data == "edit")
    dispatcher.callback_query.register(leave_out, F.data == "often")
    dispatcher.callback_query.register(fail)
    return dispatcher


async def test_the_bot_apologises_when_a_handler_fails(user: NewUser) -> None:
    alice = user("Alice")
    assert (await alice.ask("Hello")).text == errors.APOLOGY


async def test_a_press_that_fails_is_answered(user: NewUser) -> None:
    alice = user("Alice")
    offered = await alice.ask("/button")
    await offered.click("Press me")
    notice = await alice.notice()
    assert notice.text == errors.APOLOGY
    assert notice.alert


async def test_a_press_that_changes_nothing_is_no_error(user: NewUser) -> None:
    alice = user("Alice")
    offered = await alice.ask("/button")
    await offered.click("Edit")
    notice = await alice.notice()
    assert not notice.text


async def test_one_who_writes_too_much_is_asked_for_patience(user: NewUser) -> None:
    alice = user("Alice")
    assert (await alice.ask("Too much")).text == errors.PATIENCE
    offered = await alice.ask("/button")
    await offered.click("Often")
    assert (await alice.notice()).text == errors.PATIENCE


class TestAnErrorHandlerOfOnesOwn:
    @pytest.fixture
    def dispatcher(self) -> Dispatcher:
        async def explain(event: ErrorEvent) -> None:
            if event.update.message:
                await event.update.message.answer("This was mine.")

        own = Router()
        own.errors.register(explain)
        *others, last = create_routers(BotSettings())
        dispatcher = Dispatcher()
        dispatcher.include_routers(*others, own, last)
        dispatcher.message.register(fail)
        return dispatcher

    async def test_it_comes_before_the_apology(self, user: NewUser) -> None:
        assert (await user("Alice").ask("Hello")).text == "This was mine."
