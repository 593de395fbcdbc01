"""The commands in Telegram's menu, from what the handlers say of themselves.

A handler describes its command where it is registered:

    router.message.register(start, CommandStart(), flags={"description": "who I am"})
"""

import re
from typing import Any

import structlog
from aiogram import Dispatcher, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import Message

from fleet.routing import handlers_of, is_reached, names_of_commands

FLAG = "description"
NAME = re.compile(r"[a-z0-9_]{1,32}")
"""Commands that Telegram's menu can show: https://core.telegram.org/bots/api#botcommand"""

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
