"""`/help`: what the bot can do, as the handlers describe it."""

from typing import Any

from aiogram import Dispatcher, Router
from aiogram.filters import Command
from aiogram.types import Message

from fleet.telegram.menu import described_commands


async def show_help(message: Message, dispatcher: Dispatcher, **data: Any) -> None:
    """List the commands that work for this user in this chat of this bot."""
    commands = await described_commands(dispatcher, message, **data)
    lines = [f"/{name}: {description}" for name, description in commands.items()]
    await message.answer("\n".join([*lines, "", "I repeat everything else."]), parse_mode=None)


def create_router() -> Router:
    router = Router(name="help")
    router.message.register(show_help, Command("help"), flags={"description": "this list"})
    return router
