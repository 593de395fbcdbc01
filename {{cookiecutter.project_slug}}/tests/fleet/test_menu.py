"""The commands in Telegram's menu: which ones."""

import re
from datetime import UTC, datetime
from typing import Any

from aiogram import Bot, Dispatcher, F, Router, flags
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command, CommandStart, StateFilter
from aiogram.fsm.state import State
from aiogram.types import Chat, Message, User

from fleet.bots.role import Role, role_data
from fleet.telegram.menu import described_commands

TOKEN = f"4100001:{'c' * 35}"


def message(user_id: int) -> Message:
    user = User(id=user_id, is_bot=False, first_name="Alice")
    chat = Chat(id=user_id, type="private")
    return Message(message_id=1, date=datetime.now(UTC), chat=chat, from_user=user)


async def handle(_: Message) -> None: ...


async def fail(_: Message, missing: str) -> bool:
    return bool(missing)


async def reads_flags(_: Message, handler: HandlerObject) -> bool:
    return "description" in handler.flags


def says(description: str) -> dict[str, Any]:
    return {"description": description}


async def test_which_commands_are_listed() -> None:
    dispatcher, support, nested = Dispatcher(), Router(), Router()
    dispatcher.include_router(support)
    support.include_router(nested)
    support.message.filter(Role("support"))

    @flags.description("greet")
    async def greet(_: Message) -> None: ...

    register = dispatcher.message.register
    register(greet, CommandStart())
    register(handle, Command("secret"))
    register(handle, Command("one", "two"), flags=says("either"))
    register(handle, Command("one"), flags=says("the second is never reached"))
    register(handle, Command("bang", prefix="!"), flags=says("not in the menu"))
    register(handle, Command(re.compile("x.*")), flags=says("no name"))
    register(handle, Command("Upper"), flags=says("Telegram refuses it"))
    register(handle, Command("here"), StateFilter(State("somewhere")), flags=says("not now"))
    register(handle, Command("broken"), fail, flags=says("its filter fails"))
    register(handle, Command("flags"), reads_flags, flags=says("its filter asks"))
    register(handle, Command("admin"), F.from_user.id == 5, flags=says("for one alone"))
    register(handle, Command("sell"), Role("shop", "stock"), flags=says("sell"))
    nested.message.register(handle, Command("hours"), flags=says("hours"))
    nested.message.register(handle, Command("more"), Role("shop"), flags=says("never reached"))

    common = {
        "start": "greet",
        "one": "either",
        "two": "either",
        "flags": "its filter asks",
    }

    async def listed(role: str | None, user_id: int = 1) -> dict[str, str]:
        bot = Bot(TOKEN)
        return await described_commands(dispatcher, message(user_id), bot=bot, **role_data(role))

    assert list((await listed(None)).items()) == list(common.items())
    assert await listed("shop") == common | {"sell": "sell"}
    assert await listed("support") == common | {"hours": "hours"}
    assert await listed(None, user_id=5) == common | {"admin": "for one alone"}
