"""A small project whose tests fail, and what pytest says of that."""

import pytest

CONFTEST = """
import asyncio
import pytest
from aiogram import Dispatcher, F
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from sandbox.testing import BotUnderTest

pytest_plugins = ["sandbox.testing.plugin"]

@pytest.fixture
def bots():
    return {"support": BotUnderTest("1000001:" + "s" * 35)}

@pytest.fixture
def hanging():
    return asyncio.Event()

@pytest.fixture
def dispatcher(hanging):
    dispatcher = Dispatcher()

    @dispatcher.message(F.text == "menu")
    async def menu(message):
        buttons = [InlineKeyboardButton(text=text, callback_data=text) for text in ("Yes", "No")]
        keyboard = InlineKeyboardMarkup(inline_keyboard=[buttons])
        await message.answer("Choose", reply_markup=keyboard)

    @dispatcher.callback_query()
    async def pressed(query):
        await query.answer("Thanks")
        await query.message.edit_text("Chosen")

    @dispatcher.message(F.text == "wrong")
    async def wrong(message):
        await message.answer("<b>", parse_mode="HTML")

    @dispatcher.message(F.text == "raise")
    async def fail(message):
        raise ValueError("no such name")

    @dispatcher.message(F.text == "hang")
    async def hang(message):
        hanging.set()
        await asyncio.Event().wait()

    @dispatcher.update.outer_middleware
    async def middleware(handler, event, data):
        return await handler(event, data)

    return dispatcher
"""


SETTINGS = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


def failure(small_project: pytest.Pytester, *lines: str) -> str:
    """Run a test of these lines, which must fail, and give what pytest says."""
    body = "\n    ".join(['alice = user("Alice")', *lines])
    small_project.makepyfile(f"async def test(user, telegram, hanging):\n    {body}\n")
    result = small_project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    return result.stdout.str()


def silence(small_project: pytest.Pytester, *lines: str) -> str:
    """The same for a test that waits in vain for a reply, when the bot has done all it had to do:
    the short time-out may be over before a bot on a busy machine has begun."""
    return failure(
        small_project, *lines, "await telegram.settled()", "await alice.reply(timeout=0.1)"
    )
