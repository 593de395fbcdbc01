"""Routing of what the fleet has besides Telegram's updates: timers, jobs and lanes."""

from collections.abc import Iterator
from typing import Any

import aiogram
from aiogram import Dispatcher
from aiogram.dispatcher.event.handler import CallbackType, HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.types import TelegramObject

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
        self.job = self.observers["job"] = JobObserver(self, "job")
        """Handlers that run by the clock, once for each bot whose role they are for. They get the
        `Job`. Their flags say when: `cron`, and `tz` if that is not UTC; and `name` if that is not
        the function's."""


class JobObserver(TelegramEventObserver):
    """Gives each job to the handler that it is: others may have no filters at all."""

    def register(
        self,
        callback: CallbackType,
        *filters: CallbackType,
        flags: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> CallbackType:
        return super().register(callback, _is_its_job, *filters, flags=flags, **kwargs)


def name_of_job(handler: HandlerObject) -> str:
    """Name the job that a handler is: by its flag `name`, or else the function."""
    return str(handler.flags.get("name") or getattr(handler.callback, "__name__", ""))


def _is_its_job(job: TelegramObject, handler: HandlerObject) -> bool:
    return getattr(job, "name", None) == name_of_job(handler)


def used_update_types(dispatcher: Dispatcher, *, directory: bool = False) -> list[str]:
    """Tell which kinds of updates Telegram is to send; the directory needs one itself."""
    kinds = dispatcher.resolve_used_update_types(skip_events=set(OWN_EVENTS))
    # None at all would be all that Telegram sends unasked; this one is among these.
    return sorted({*kinds, "my_chat_member"}) if directory and kinds else kinds


def handlers_of(
    dispatcher: Dispatcher, kind: str
) -> Iterator[tuple[aiogram.Router, HandlerObject]]:
    """Give all handlers of a kind of event, in the order in which they are asked."""
    for router in dispatcher.chain_tail:
        if observer := router.observers.get(kind):
            for handler in observer.handlers:
                yield router, handler


async def is_reached(
    router: aiogram.Router,
    handler: HandlerObject,
    kind: str,
    event: TelegramObject,
    data: dict[str, Any],
) -> bool:
    """Tell whether an event passes the filters of a handler and of the routers above it.

    `data` is what filters get besides. Raises what a filter raises.
    """
    for above in reversed(tuple(router.chain_head)):
        if observer := above.observers.get(kind):
            passed, data = await observer.check_root_filters(event, **data)
            if not passed:
                return False
    passed, _ = await handler.check(event, **{**data, "handler": handler})
    return passed


def describe_handler(handler: HandlerObject) -> str:
    """Tell where the function is, for who has registered it wrong."""
    callback = handler.callback
    name = getattr(callback, "__qualname__", repr(callback))
    return f"the handler {name} in {getattr(callback, '__module__', 'a module')}"


def names_of_commands(handler: HandlerObject) -> list[str]:
    """Name the commands of a handler; aiogram's `Command` puts itself into the flags."""
    filters = handler.flags.get("commands", ())
    names = [name for one in filters if "/" in one.prefix for name in one.commands]
    return [name for name in names if isinstance(name, str)]


def lanes_of(dispatcher: Dispatcher) -> dict[str, str]:
    """Tell in which lane commands are, by their names in lower case.

    A handler says so where it is registered:

        router.message.register(stop, Command("stop"), flags={"lane": "stop"})

    Raises ValueError, which names the handler, for a lane that is no word.
    """
    lanes: dict[str, str] = {}
    for _, handler in handlers_of(dispatcher, "message"):
        lane: Any = handler.flags.get("lane")
        if lane is None:
            continue
        if not (isinstance(lane, str) and lane.isidentifier()):
            reason = f"the flag lane={lane!r} is no word, such as 'stop'"
            raise ValueError(f"{describe_handler(handler)}: {reason}")
        for name in names_of_commands(handler):
            lanes[name.lower()] = lane
    return lanes
