"""What the bots called: a bounded record that tests can read and wait on."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT_PER_METHOD = 10_000
"""Calls kept of each method, so that long polls do not push out the messages."""


@dataclass(slots=True)
class Call:
    """One Bot API call."""

    number: int
    bot_id: int
    method: str
    params: dict[str, Any]
    """As the sandbox understood them: numbers and JSON decoded where a method reads them so."""
    status: int | None
    """HTTP status of the answer; None: not answered yet, or the connection was cut."""
    at: float
    """Unix time of arrival."""


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who waits for `missing` more calls."""

    bot_id: int | None
    method: str | None
    missing: int
    enough: asyncio.Event = field(default_factory=asyncio.Event)


class CallLog:
    """The calls, oldest first."""

    def __init__(self) -> None:
        self._number = 0
        self._calls: dict[str, deque[Call]] = {}
        self._waiters: set[Waiter] = set()

    def record(self, bot_id: int, method: str, params: dict[str, Any], *, key: str) -> Call:
        """Notes a call that came in; calls of one `key` share one bounded deque."""
        self._number += 1
        call = Call(self._number, bot_id, method, params, None, time.time())
        self._calls.setdefault(key, deque(maxlen=KEPT_PER_METHOD)).append(call)
        for waiter in self._waiters:
            if matches(call, waiter.bot_id, waiter.method):
                waiter.missing -= 1
                if waiter.missing <= 0:
                    waiter.enough.set()
        return call

    def select(self, bot_id: int | None, method: str | None) -> list[dict[str, Any]]:
        """Calls of a bot, of a method; None: of all."""
        calls = heapq.merge(*self._calls.values(), key=lambda call: call.number)
        return [asdict(call) for call in calls if matches(call, bot_id, method)]

    async def wait(
        self, bot_id: int | None, method: str | None, at_least: int, seconds: float
    ) -> list[dict[str, Any]]:
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
