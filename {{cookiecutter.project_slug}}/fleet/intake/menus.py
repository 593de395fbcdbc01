"""Telegram's menus: each is set where the bot's intake runs."""

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from aiogram import Bot, Dispatcher
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import GetMyCommands, SetMyCommands, TelegramMethod
from aiogram.types import BotCommand, Chat, Message, User

from fleet.bots.member import Member
from fleet.bots.role import role_data
from fleet.intake.duties import Duty
from fleet.telegram.menu import described_commands
from fleet.telegram.session import TelegramSessions

AT_ONCE = 8
"""Menus that one replica looks after at once: when a thousand bots start, messages come first."""
CALL_TIMEOUT = 20
"""Seconds for one call."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


def keep_menus(dispatcher: Dispatcher, sessions: TelegramSessions) -> Duty:
    """Set a bot's menu where it differs from what the handlers say of their commands.

    The calls go through the session without retries: there flood control for a menu keeps no
    message back.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def call(bot: Bot, method: TelegramMethod[T]) -> T:
        return await sessions.polls(bot, method, timeout=CALL_TIMEOUT)

    async def update(bot: Bot, wanted: dict[str, str]) -> None:
        there = await call(bot, GetMyCommands())
        if list(wanted.items()) != [(one.command, one.description) for one in there]:
            commands = [BotCommand(command=name, description=wanted[name]) for name in wanted]
            await call(bot, SetMyCommands(commands=commands))
            log.info("the menu is set", commands=len(commands))

    async def keep(member: Member) -> None:
        data = {**dispatcher.workflow_data, "bot": member.bot, **role_data(member.role)}
        wanted = await described_commands(dispatcher, _from_anybody(), **data)
        if not wanted:
            return
        try:
            async with room:
                await update(member.bot, wanted)
        except TelegramBadRequest as error:  # to try again is of no use
            text = "Telegram refuses the menu; see the descriptions of the commands"
            log.warning(text, error=error.message)

    return Duty(keep, "a menu is not set yet")


def _from_anybody() -> Message:
    """Make a message from nobody special, in a private chat."""
    user = User(id=0, is_bot=False, first_name="")
    chat = Chat(id=0, type=ChatType.PRIVATE)
    return Message(message_id=0, date=datetime.now(UTC), chat=chat, from_user=user)
