"""`/help`: what the bot can do."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

TEXT = """\
/start: who I am
/form: fill in a short form
/cancel: leave the form
/help: this list

I repeat everything else."""


async def show_help(message: Message) -> None:
    await message.answer(TEXT)


def create_router() -> Router:
    router = Router(name="help")
    router.message.register(show_help, Command("help"))
    return router
