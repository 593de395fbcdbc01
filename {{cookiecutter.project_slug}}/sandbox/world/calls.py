"""What the bots called: a bounded record that tests can read and wait on; and what they were told,
for those who come to look after something went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from sandbox.world.events import Events, Json

KEPT_PER_METHOD = 10_000
"""Calls kept of each method, so that long polls do not push out the messages."""
KEPT_IN_JOURNAL = 500
Support = Literal["modelled", "checked", "unknown"]
"""What the sandbox does with a method: all, check its parameters and answer, or nothing, as
Telegram does not know it."""


@dataclass(slots=True)
class Call:
    """One Bot API call."""

    number: int
    bot_id: int
    method: str
    params: Json
    """As the sandbox understood them: numbers, JSON and files are decoded."""
    support: Support
    at: float
    """Unix time of arrival."""
    status: int | None = None
    """HTTP status of the answer; None: not answered yet, or the connection was cut."""
    answer: object = None
    seconds: float | None = None
    """Until the answer."""
    fault: str | None = None
    """The fault that struck it."""

    def describe(self) -> Json:
        """What the control API says of it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who waits for `missing` more calls."""

    bot_id: int | None
    method: str | None
    missing: int
    enough: asyncio.Event = field(default_factory=asyncio.Event)


class CallLog:
    """The calls, oldest first."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._number = 0
        self._calls: dict[str, deque[Call]] = {}
        self._waiters: set[Waiter] = set()

    def begin(self, bot_id: int, method: str, params: Json, *, support: Support) -> Call:
        """Notes a call that came in."""
        self._number += 1
        call = Call(self._number, bot_id, method, params, support, time.time())
        # All that Telegram does not know shares one row, or made-up names would fill the memory.
        key = method.lower() if support != "unknown" else ""
        self._calls.setdefault(key, deque(maxlen=KEPT_PER_METHOD)).append(call)
        for waiter in self._waiters:
            if matches(call, waiter.bot_id, waiter.method):
                waiter.missing -= 1
                if waiter.missing <= 0:
                    waiter.enough.set()
        self._tell(call)
        return call

    def end(self, call: Call, status: int | None, answer: object, fault: str | None) -> None:
        """Notes what a call was answered with."""
        call.status = status
        call.answer = answer
        call.fault = fault
        call.seconds = time.time() - call.at
        self._tell(call)

    def _tell(self, call: Call) -> None:
        self._events.tell("call", call=call.describe())

    def select(self, bot_id: int | None, method: str | None) -> list[Json]:
        """Calls of a bot, of a method; None: of all."""
        calls = heapq.merge(*self._calls.values(), key=lambda call: call.number)
        return [call.describe() for call in calls if matches(call, bot_id, method)]

    async def wait(
        self, bot_id: int | None, method: str | None, at_least: int, seconds: float
    ) -> list[Json]:
        """The same, as soon as there are `at_least` of them or `seconds` are over."""
        found = self.select(bot_id, method)
        if len(found) >= at_least:
            return found
        waiter = Waiter(bot_id, method, at_least - len(found))
        self._waiters.add(waiter)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiter.enough.wait()
        finally:
            self._waiters.discard(waiter)
        return self.select(bot_id, method)


def matches(call: Call, bot_id: int | None, method: str | None) -> bool:
    """Whether a call is of that bot and method; None: any."""
    return bot_id in (None, call.bot_id) and (
        method is None or call.method.lower() == method.lower()
    )


class Journal:
    """The last calls and updates, oldest first, with what became of them. Polls that brought
    nothing are left out: many bots make many of them."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, ...], Json] = {}

    def last(self, count: int) -> list[Json]:
        """Objects with `call`, or with `update`, `bot_id`, `at`, `how` and perhaps `error`."""
        return list(self._entries.values())[-count:] if count > 0 else []

    async def follow(self, events: Events) -> None:
        """Notes what happens until the sandbox stops."""
        with events.watch() as queue:
            while (event := await queue.get())["event"] != "stop":
                self._take(event)

    def _take(self, event: Json) -> None:
        match event:
            case {"event": "call", "call": call} if is_idle_poll(call):
                self._entries.pop((call["number"],), None)
            case {"event": "call", "call": call}:
                self._entries[(call["number"],)] = {"call": call}
            case {"event": "update", "bot_id": bot_id, "update": update, "at": at}:
                told = {"update": update, "bot_id": bot_id, "at": at, "how": "waits"}
                self._entries[bot_id, update["update_id"]] = told
            case {"event": "settled", "bot_id": bot_id, "update_ids": ids, "how": how}:
                for update_id in ids:
                    self._entries.get((bot_id, update_id), {})["how"] = how
            case {"event": "refused", "bot_id": bot_id, "update_id": update_id, "error": error}:
                refused = {"how": "refused", "error": error}
                self._entries.get((bot_id, update_id), {}).update(refused)
        if len(self._entries) > KEPT_IN_JOURNAL:
            del self._entries[next(iter(self._entries))]


def is_idle_poll(call: Json) -> bool:
    """Whether it is a getUpdates that waits, or has brought nothing."""
    if call["method"] != "getUpdates" or call["status"] not in (None, 200):
        return False
    return not (call["answer"] or {}).get("result")
