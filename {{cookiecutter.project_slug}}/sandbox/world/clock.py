"""The world's time: the system's, until somebody moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

from sandbox.world.events import Json


class Clock:
    """Goes with the system's clock, ahead of it by what it was moved."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._numbers = itertools.count()
        self._alarms: list[tuple[float, int, Callable[[], object]]] = []
        """Due when, and what is to be done."""

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time() + self._ahead

    @property
    def date(self) -> int:
        """The same as the Bot API tells it."""
        return int(self.now())

    def describe(self) -> Json:
        """What the control API says of it."""
        return {"now": self.now(), "ahead": self._ahead}

    def at(self, due: float, act: Callable[[], object]) -> None:
        """Have something done at a Unix time, or when the clock is moved past it."""
        heapq.heappush(self._alarms, (due, next(self._numbers), act))
        asyncio.get_running_loop().call_later(due - self.now(), self._ring, due)

    def advance(self, seconds: float) -> None:
        """Move it; what is due then is done, in order."""
        self._ahead += seconds
        self._ring(self.now())

    def _ring(self, now: float) -> None:
        while self._alarms and self._alarms[0][0] <= now:
            heapq.heappop(self._alarms)[-1]()
