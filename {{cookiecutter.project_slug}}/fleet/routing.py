"""Routing of what the fleet has besides Telegram's updates: timers, jobs and lanes."""

from typing import Any

import aiogram
from aiogram import Dispatcher
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver

OWN_EVENTS = frozenset({"timer", "job"})
"""Kinds of events that Telegram does not know."""


class Router(aiogram.Router):
    """aiogram's Router with two observers more: `timer` and `job`.

    router = Router()
    router.timer.register(nudge, F.name == "nudge")
    router.job.register(digest, flags={"cron": "0 9 * * *", "tz": "Europe/Berlin"})
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.timer = self.observers["timer"] = TelegramEventObserver(self, "timer")
        """Handlers of timers that `timers.set` has set. They get the `Timer`."""
        self.job = self.observers["job"] = TelegramEventObserver(self, "job")
        """Handlers that run by the clock, once for each bot whose role they are for. They get the
        `Job`. Their flags say when: `cron`, and `tz` if that is not UTC."""


def used_update_types(dispatcher: Dispatcher) -> list[str]:
    """Tell which kinds of updates Telegram is to send."""
    return dispatcher.resolve_used_update_types(skip_events=set(OWN_EVENTS))


def names_of_commands(handler: HandlerObject) -> list[str]:
    """Name the commands of a handler; aiogram's `Command` puts itself into the flags."""
    filters = handler.flags.get("commands", ())
    names = [name for one in filters if "/" in one.prefix for name in one.commands]
    return [name for name in names if isinstance(name, str)]


def lanes_of(dispatcher: Dispatcher) -> dict[str, str]:
    """Tell in which lane commands are, by their names in lower case.

    A handler says so where it is registered:

        router.message.register(stop, Command("stop"), flags={"lane": "stop"})

    Raises ValueError for a lane that is no word.
    """
    lanes: dict[str, str] = {}
    for router in dispatcher.chain_tail:
        for handler in router.message.handlers:
            lane: Any = handler.flags.get("lane")
            if lane is None:
                continue
            if not (isinstance(lane, str) and lane.isidentifier()):
                raise ValueError(f"the flag lane={lane!r} is no word, such as 'stop'")
            for name in names_of_commands(handler):
                lanes[name.lower()] = lane
    return lanes
