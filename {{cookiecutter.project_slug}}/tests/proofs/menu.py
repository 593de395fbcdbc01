"""The service with commands for Telegram's menu: `python -m tests.proofs.menu`."""

from typing import Any

from aiogram import Dispatcher
from aiogram.filters import Command
from aiogram.types import Message
from redis.asyncio import Redis

from fleet.bots.role import Role
from fleet.service import run


async def echo(message: Message) -> None:
    await message.answer(message.text or "")


def create_dispatcher(_: Redis) -> Dispatcher:
    """`/order` for all, `/hours` for the support bots alone; any other message is echoed."""
    dispatcher = Dispatcher()
    register = dispatcher.message.register
    register(echo, Command("order"), flags=says("what you like"))
    register(echo, Command("hours"), Role("support"), flags=says("when we are there"))
    register(echo)
    return dispatcher


def says(description: str) -> dict[str, Any]:
    return {"description": description}


if __name__ == "__main__":
    run(create_dispatcher)
