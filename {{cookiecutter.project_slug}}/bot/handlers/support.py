"""`/hours`: what only the bots with the role `support` can do."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from fleet.bots.role import Role


async def tell_hours(message: Message) -> None:
    await message.answer("We answer from Monday to Friday, 9:00 to 17:00 UTC.")


def create_router() -> Router:
    router = Router(name="support")
    router.message.filter(Role("support"))
    description = "when somebody answers"
    router.message.register(tell_hours, Command("hours"), flags={"description": description})
    return router
