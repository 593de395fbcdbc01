"""The commands in Telegram's menu, from what the handlers say of themselves.

A handler describes its command where it is registered:

    router.message.register(start, CommandStart(), flags={"description": "who I am"})
"""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from aiogram import Bot, Dispatcher, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import GetMyCommands, SetMyCommands, TelegramMethod
from aiogram.types import BotCommand, Chat, Message, User

from fleet.bots.member import Member
from fleet.bots.role import role_data
from fleet.routing import handlers_of, is_reached, names_of_commands
from fleet.telegram.session import TelegramSessions

FLAG = "description"
NAME = re.compile(r"[a-z0-9_]{1,32}")
"""Commands that Telegram's menu can show: https://core.telegram.org/bots/api#botcommand"""
AT_ONCE = 8
"""Menus that one replica looks after at once: when a thousand bots start, messages come first."""
CALL_TIMEOUT = 20
"""Seconds for one call."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def described_commands(
    dispatcher: Dispatcher, message: Message, **data: Any
) -> dict[str, str]:
    """Tell the described commands that work for the sender of `message`, in order of registration.

    A command works if a message with it, from that sender in that chat, passes all filters of its
    handler and of the routers above it.

    Args:
        dispatcher: where the handlers are.
        message: says who and where; its text does not matter.
        data: what the filters get besides the message, as in a handler: `bot`, `bot_role` …

    Returns:
        Their descriptions by name, without slashes.
    """
    data = {"dispatcher": dispatcher, **data}
    found: dict[str, str] = {}
    for router, handler in handlers_of(dispatcher, "message"):
        description = handler.flags.get(FLAG)
        for name in _names(handler) if description else ():
            if name not in found and await _is_reached(router, handler, name, message, data):
                found[name] = str(description)
    return found


class MenuKeeper:
    """Sets the menus of the bots whose intake runs here, where they differ from the handlers'.

    The calls go through the session without retries: there flood control for a menu keeps no
    message back.
    """

    def __init__(self, dispatcher: Dispatcher, sessions: TelegramSessions) -> None:
        self._dispatcher = dispatcher
        self._sessions = sessions
        self._room = asyncio.Semaphore(AT_ONCE)

    async def update(self, member: Member) -> None:
        """Make the menu right, unless it is clear that this is of no use.

        Raises what the call raises, to be tried again.
        """
        try:
            async with self._room:
                await self._update(member.bot, member.role)
        except TelegramBadRequest as error:
            log.warning(
                "Telegram refuses the menu; see the descriptions of the commands",
                error=error.message,
            )

    async def _update(self, bot: Bot, role: str | None) -> None:
        data = {**self._dispatcher.workflow_data, "bot": bot, **role_data(role)}
        wanted = await described_commands(self._dispatcher, _from_anybody(), **data)
        if not wanted:
            return
        there = await self._call(bot, GetMyCommands())
        if list(wanted.items()) != [(one.command, one.description) for one in there]:
            commands = [BotCommand(command=name, description=wanted[name]) for name in wanted]
            await self._call(bot, SetMyCommands(commands=commands))
            log.info("the menu is set", commands=len(commands))

    async def _call(self, bot: Bot, method: TelegramMethod[T]) -> T:
        return await self._sessions.polls(bot, method, timeout=CALL_TIMEOUT)


def _names(handler: HandlerObject) -> list[str]:
    """Name the commands of a handler that can be in a menu."""
    return [name for name in names_of_commands(handler) if NAME.fullmatch(name)]


async def _is_reached(
    router: Router, handler: HandlerObject, name: str, message: Message, data: dict[str, Any]
) -> bool:
    command = message.model_copy(update={"text": f"/{name}"})
    try:
        return await is_reached(router, handler, "message", command, data)
    except Exception as error:  # noqa: BLE001 - a filter that is the user's own
        log.warning("a filter cannot tell whether a command works", command=name, error=repr(error))
        return False


def _from_anybody() -> Message:
    """Make a message from nobody special, in a private chat."""
    user = User(id=0, is_bot=False, first_name="")
    chat = Chat(id=0, type=ChatType.PRIVATE)
    return Message(message_id=0, date=datetime.now(UTC), chat=chat, from_user=user)
