"""Repeat every message that no other handler took."""

from aiogram import F, Router
from aiogram.types import Message


async def repeat(message: Message, text: str) -> None:
    await message.answer(text)


async def name_content(message: Message) -> None:
    await message.answer(f"I can only repeat text. This was: {message.content_type}.")


def create_router() -> Router:
    router = Router(name="echo")
    router.message.register(repeat, F.text.as_("text"))
    router.message.register(name_content)
    return router
