"""`/form`: a conversation in states, with validation, buttons and `/cancel`.

When a process dies in a turn, or Redis or Telegram goes away, the update gets another turn, which
begins from the same state: at worst the user reads a question twice, but an answer is never taken
for that to another question.
"""

from contextlib import suppress
from typing import Literal

from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import (
    CallbackQuery,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

MAX_NAME_LENGTH = 64
MAX_AGE = 120


class Form(StatesGroup):
    name = State()
    age = State()
    summary = State()


class Button(CallbackData, prefix="form"):
    """What a press on a button under the summary brings back."""

    action: Literal["confirm", "again"]


async def begin(message: Message, state: FSMContext) -> None:
    await message.answer("What is your name? /cancel leaves the form.")
    await state.set_state(Form.name)


async def cancel(message: Message, state: FSMContext) -> None:
    if await state.get_state() is None:
        await message.answer("There is nothing to cancel.")
        return
    await message.answer("Cancelled.")
    await state.clear()


async def take_name(message: Message, state: FSMContext) -> None:
    name = (message.text or "").strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or name.startswith("/"):
        await message.answer(f"Please send your name as text, up to {MAX_NAME_LENGTH} characters.")
        return
    await message.answer(f"How old are you, {name}?", parse_mode=None)
    await state.update_data(name=name)
    await state.set_state(Form.age)


async def take_age(message: Message, state: FSMContext) -> None:
    text = (message.text or "").strip()
    age = int(text) if text.isdecimal() else 0
    if not 1 <= age <= MAX_AGE:
        await message.answer(f"Please send your age as a number from 1 to {MAX_AGE}.")
        return
    name = await state.get_value("name")
    question = f"You are {name}, {age} years old. Right?"
    await message.answer(question, reply_markup=buttons(), parse_mode=None)
    await state.update_data(age=age)
    await state.set_state(Form.summary)


async def remind(message: Message) -> None:
    await message.answer("Please press one of the buttons above, or send /cancel.")


def buttons() -> InlineKeyboardMarkup:
    confirm = InlineKeyboardButton(text="Confirm", callback_data=Button(action="confirm").pack())
    again = InlineKeyboardButton(text="Start again", callback_data=Button(action="again").pack())
    return InlineKeyboardMarkup(inline_keyboard=[[confirm, again]])


async def confirmed(
    query: CallbackQuery, message: Message | InaccessibleMessage, state: FSMContext
) -> None:
    answers = await state.get_data()
    # Here is the place to store the answers: in such a way that storing them twice does no harm.
    await release(query)
    await message.answer(f"Thank you, {answers['name']}!", parse_mode=None)
    await state.clear()


async def wanted_again(
    query: CallbackQuery, message: Message | InaccessibleMessage, state: FSMContext
) -> None:
    await release(query)
    await message.answer("Once more, then. What is your name?")
    await state.set_state(Form.name)


async def refuse(query: CallbackQuery) -> None:
    """Take a press on old buttons or, in a group, on the buttons of somebody else."""
    await answer(query, "These buttons are not for you or out of date. /form starts a new form.")


async def release(query: CallbackQuery) -> None:
    """Answer a press and take the buttons away."""
    await answer(query)
    if isinstance(query.message, Message):
        with suppress(TelegramBadRequest):  # in the second turn of a press they are gone already
            await query.message.edit_reply_markup(reply_markup=None)


async def answer(query: CallbackQuery, notice: str | None = None) -> None:
    """Tell Telegram that a press has arrived, so that the button stops spinning."""
    with suppress(TelegramBadRequest):  # after an outage a press may be too old to be answered
        await query.answer(notice)


def create_router() -> Router:
    router = Router(name="form")
    router.message.register(begin, Command("form"), flags={"description": "fill in a short form"})
    router.message.register(cancel, Command("cancel"), flags={"description": "leave the form"})
    router.message.register(take_name, Form.name)
    router.message.register(take_age, Form.age)
    router.message.register(remind, Form.summary)

    in_chat = F.message.as_("message")  # hands the message under which the button is to the handler
    pressed = router.callback_query.register
    pressed(confirmed, Form.summary, Button.filter(F.action == "confirm"), in_chat)
    pressed(wanted_again, Form.summary, Button.filter(F.action == "again"), in_chat)
    pressed(refuse, Button.filter())
    return router
