"""Repeat every message that no other handler took."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.types import Message


async def repeat(message: Message, text: str) -> None:
    await message.answer(text, parse_mode=None)


async def name_content(message: Message) -> None:
    content = message.content_type.replace("_", " ")
    await message.answer(f"I can only repeat text. This was: {content}.")


def create_router() -> Router:
    router = Router(name="echo")
    router.message.register(repeat, F.text.as_("text"))
    # In a group it would answer to everybody who joins.
    router.message.register(name_content, F.chat.type == ChatType.PRIVATE)
    return router
