"""The startup and shutdown hooks of dispatcher and routers."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from aiogram import Dispatcher

from fleet.bots.member import Member
from fleet.tasks import beside

log = structlog.get_logger(__name__)


class Hooks:
    """Runs them with what aiogram's `start_polling` gives them.

    Args:
        dispatcher: the one of the fleet.
        members: tells which bots there are.
    """

    def __init__(self, dispatcher: Dispatcher, members: Callable[[], Iterable[Member]]) -> None:
        self._dispatcher = dispatcher
        self._members = members

    async def start(self, stop: asyncio.Event, seconds: float) -> bool:
        """Run those of the startup. When `stop` is set they have so many `seconds`.

        Returns whether they have come to their end.
        """
        try:
            async with asyncio.timeout(None) as limit, beside(_set(limit, stop, seconds)):
                await self._dispatcher.emit_startup(**self._data())
        except TimeoutError:
            if not stop.is_set():
                raise
            log.warning("stopping although a startup hook has not ended")
            return False
        return True

    async def stop(self) -> None:
        """Run those of the shutdown."""
        await self._dispatcher.emit_shutdown(**self._data())

    def _data(self) -> dict[str, Any]:
        """Give the bots of this moment; `bot` is the last of them."""
        bots = tuple(member.bot for member in self._members())
        return {
            "dispatcher": self._dispatcher,
            "bots": bots,
            **self._dispatcher.workflow_data,
            "bot": bots[-1] if bots else None,  # they may all be added later
        }


async def _set(limit: asyncio.Timeout, stop: asyncio.Event, seconds: float) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time() + seconds)
