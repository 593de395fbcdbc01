"""A bot as people write them: all of it at the top of a module."""

import asyncio
import os

from aiogram import Bot, Dispatcher, F, Router, html
from aiogram.client.default import DefaultBotProperties
from aiogram.filters import Command, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove

bot = Bot(os.environ.get("BOT_TOKEN", "42:TOKEN"), default=DefaultBotProperties(parse_mode="HTML"))
dp = Dispatcher()
router = Router()
dp.include_router(router)


class Survey(StatesGroup):
    name = State()
    likes = State()


@router.message(CommandStart())
async def start(message: Message, state: FSMContext) -> None:
    await state.set_state(Survey.name)
    await message.answer("Hi! What's your name?", reply_markup=ReplyKeyboardRemove())


@router.message(Command("cancel"))
async def cancel(message: Message, state: FSMContext) -> None:
    if await state.get_state():
        await state.clear()
        await message.answer("Cancelled.")


@router.message(Survey.name, F.text)
async def take_name(message: Message, state: FSMContext) -> None:
    assert message.text
    await state.update_data(name=message.text)
    await state.set_state(Survey.likes)
    rows = [[KeyboardButton(text="Yes"), KeyboardButton(text="No")]]
    await bot.send_message(
        message.chat.id,
        f"Nice to meet you, <b>{html.quote(message.text)}</b>! Do you like to write bots?",
        reply_markup=ReplyKeyboardMarkup(keyboard=rows, one_time_keyboard=True),
    )


@router.message(Survey.likes, F.text)
async def take_likes(message: Message, state: FSMContext) -> None:
    data = await state.get_data()
    await state.clear()
    await message.answer(f"{html.quote(data['name'])} says: {message.text}")


if __name__ == "__main__":
    asyncio.run(dp.start_polling(bot))
