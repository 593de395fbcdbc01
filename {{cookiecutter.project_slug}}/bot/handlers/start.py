"""`/start`: greet, and say which bot this is."""

from aiogram import Bot, Router
from aiogram.filters import CommandStart
from aiogram.types import Message


async def start(message: Message, bot: Bot, bot_role: str | None = None) -> None:
    name = message.from_user.first_name if message.from_user else "there"
    me = await bot.me()  # asked once for each bot, then remembered by aiogram
    duty = f", the {bot_role} bot" if bot_role else ""
    text = f"Hello, {name}! I am @{me.username}{duty}. /help says what I can do."
    await message.answer(text, parse_mode=None)


def create_router() -> Router:
    router = Router(name="start")
    router.message.register(start, CommandStart(), flags={"description": "who I am"})
    return router
