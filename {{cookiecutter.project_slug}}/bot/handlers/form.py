"""`/form`: a conversation in states, with validation, buttons, `/cancel` and a reminder.

When a process dies in a turn, or Redis or Telegram goes away, the update gets another turn. It
begins from the same state, asks nothing again that was asked, and stores nothing twice.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal

import structlog
from aiogram import Bot, F
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

from fleet.routing import Router
from fleet.turn import Timer, Timers, Turn

REMINDER = "form"
"""The timer."""
REMIND_AFTER = timedelta(hours=1)
MAX_NAME_LENGTH = 64
MAX_AGE = 120

log = structlog.get_logger(__name__)


class Form(StatesGroup):
    name = State()
    age = State()
    summary = State()


class Button(CallbackData, prefix="form"):
    """What a press on a button under the summary brings back."""

    action: Literal["confirm", "again"]


async def begin(message: Message, state: FSMContext, timers: Timers) -> None:
    await message.answer("What is your name? /cancel leaves the form.")
    await wait_for(Form.name, state, timers)


async def cancel(message: Message, state: FSMContext, timers: Timers) -> None:
    if await state.get_state() is None:
        await message.answer("There is nothing to cancel.")
        return
    await message.answer("Cancelled.")
    await end(state, timers)


async def take_name(message: Message, state: FSMContext, timers: Timers) -> None:
    name = (message.text or "").strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or name.startswith("/"):
        await message.answer(f"Please send your name as text, up to {MAX_NAME_LENGTH} characters.")
        return
    await message.answer(f"How old are you, {name}?", parse_mode=None)
    await state.update_data(name=name)
    await wait_for(Form.age, state, timers)


async def take_age(message: Message, state: FSMContext, timers: Timers) -> None:
    text = (message.text or "").strip()
    age = int(text) if text.isdecimal() else 0
    if not 1 <= age <= MAX_AGE:
        await message.answer(f"Please send your age as a number from 1 to {MAX_AGE}.")
        return
    name = await state.get_value("name")
    question = f"You are {name}, {age} years old. Right?"
    await message.answer(question, reply_markup=buttons(), parse_mode=None)
    await state.update_data(age=age)
    await wait_for(Form.summary, state, timers)


async def point_at_buttons(message: Message) -> None:
    await message.answer("Please press one of the buttons above, or send /cancel.")


async def remind(timer: Timer, bot: Bot, state: FSMContext) -> None:
    """An hour has passed since the last step."""
    if timer.chat_id and await state.get_state() in Form:
        text = "Your form is still open: go on whenever you like, or send /cancel."
        await bot.send_message(timer.chat_id, text)


async def wait_for(step: State, state: FSMContext, timers: Timers) -> None:
    """Go to a step of the form; its reminder takes the place of that of the step before."""
    await state.set_state(step)
    await timers.set(REMINDER, after=REMIND_AFTER)


async def end(state: FSMContext, timers: Timers) -> None:
    """Leave the form."""
    await state.clear()
    await timers.cancel(REMINDER)


def buttons() -> InlineKeyboardMarkup:
    confirm = InlineKeyboardButton(text="Confirm", callback_data=Button(action="confirm").pack())
    again = InlineKeyboardButton(text="Start again", callback_data=Button(action="again").pack())
    return InlineKeyboardMarkup(inline_keyboard=[[confirm, again]])


async def confirmed(
    query: CallbackQuery,
    message: Message | InaccessibleMessage,
    state: FSMContext,
    timers: Timers,
    turn: Turn,
) -> None:
    answers = await state.get_data()
    await turn.once("store", store, turn.id, answers)
    await release(query)
    await message.answer(f"Thank you, {answers['name']}!", parse_mode=None)
    await end(state, timers)


async def store(key: str, answers: dict[str, Any]) -> None:
    """Keep the answers. Here is the place for your database.

    Make `key` a unique column there, and let an insert of one that is there already do nothing: it
    is the same if a process dies just here, and another one begins again.
    """
    log.info("a form is filled in", key=key, fields=list(answers))


async def wanted_again(
    query: CallbackQuery,
    message: Message | InaccessibleMessage,
    state: FSMContext,
    timers: Timers,
) -> None:
    await release(query)
    await message.answer("Once more, then. What is your name?")
    await wait_for(Form.name, state, timers)


async def refuse(query: CallbackQuery) -> None:
    """Take a press on old buttons or, in a group, on the buttons of somebody else."""
    await answer(query, "These buttons are not for you or out of date. /form starts a new form.")


async def release(query: CallbackQuery) -> None:
    """Answer a press and take the buttons away."""
    await answer(query)
    if isinstance(query.message, Message):
        with suppress(TelegramBadRequest):  # they are gone already, if a process died just here
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
    router.message.register(point_at_buttons, Form.summary)
    router.timer.register(remind, F.name == REMINDER)

    in_chat = F.message.as_("message")  # hands the message under which the button is to the handler
    pressed = router.callback_query.register
    pressed(confirmed, Form.summary, Button.filter(F.action == "confirm"), in_chat)
    pressed(wanted_again, Form.summary, Button.filter(F.action == "again"), in_chat)
    pressed(refuse, Button.filter())
    return router
