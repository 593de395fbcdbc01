"""The tests that the README shows pass, with a bot that does what they say."""

import re
from collections.abc import Awaitable, Callable

import pytest
from aiogram import Dispatcher, F
from aiogram.filters import Command
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
)

from fleet.bots.role import Role, role_data
from sandbox.testing import BotUnderTest
from tests.conftest import SOURCE

pytestmark = pytest.mark.in_process
README = SOURCE / "sandbox" / "README.md"
TESTS: dict[str, Callable[..., Awaitable[None]]] = {}
README_CODE = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[0]
exec(README_CODE, TESTS)  # noqa: S102 - the README is of this project
PIZZAS = [[InlineKeyboardButton(text=one, callback_data=one)] for one in ("Salami", "Funghi")]


async def menu(message: Message) -> None:
    await message.answer("Which one?", reply_markup=InlineKeyboardMarkup(inline_keyboard=PIZZAS))


async def choose(query: CallbackQuery) -> None:
    assert isinstance(query.message, Message)
    await query.answer("Good choice")
    await query.message.edit_text("Where to?")


async def charge(message: Message) -> None:
    await message.answer_invoice("A pizza", "Hot", "1", "XTR", [LabeledPrice(label="1", amount=9)])


async def agree(query: PreCheckoutQuery) -> None:
    await query.answer(ok=True)


async def deliver(message: Message) -> None:
    await message.answer("It is on its way")


@pytest.fixture
def dispatcher() -> Dispatcher:
    dispatcher = Dispatcher()
    dispatcher.message.filter(Role("shop"))
    dispatcher.message.register(menu, Command("menu"))
    dispatcher.message.register(charge, F.location)
    dispatcher.message.register(deliver, F.successful_payment)
    dispatcher.callback_query.register(choose)
    dispatcher.pre_checkout_query.register(agree)
    return dispatcher


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    names = {"support": 1000001, "shop": 1000002}
    return {name: BotUnderTest(f"{bot_id}:x", role_data(name)) for name, bot_id in names.items()}


test_an_order = TESTS["test_an_order"]
test_two_bots_in_a_group = TESTS["test_two_bots_in_a_group"]
test_a_shop_in_trouble = TESTS["test_a_shop_in_trouble"]
