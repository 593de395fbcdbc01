"""Faults on purpose: what Telegram and the network between do on a bad day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sandbox.errors import ControlError
from sandbox.world.events import Events, Json

KINDS = ("429", "500", "502", "hang", "reset")


@dataclass(slots=True, eq=False)
class Fault:
    """What happens to calls that match. None matches every bot, every method."""

    kind: str
    bot_id: int | None = None
    method: str | None = None
    times: int | None = None
    """Calls it still strikes; None: all."""
    retry_after: int = 1
    """Seconds, for 429."""
    ends_at: float | None = None
    """In the event loop's time; None: when it is cleared."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is over; calls that hang on it are cut then."""

    def matches(self, bot_id: int, method: str) -> bool:
        return (
            self.times != 0
            and self.bot_id in (None, bot_id)
            and (self.method is None or self.method.lower() == method.lower())
        )

    def describe(self) -> Json:
        """What the control API says of it."""
        left = None
        if self.ends_at is not None:
            left = max(0.0, self.ends_at - asyncio.get_running_loop().time())
        names = ("kind", "bot_id", "method", "times", "retry_after")
        return {name: getattr(self, name) for name in names} | {"seconds_left": left}


class Faults:
    """The faults in force; the first one that matches a call strikes it."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._faults: list[Fault] = []

    def describe(self) -> list[Json]:
        """Those in force."""
        return [fault.describe() for fault in self._faults]

    def add(self, fault: Fault, seconds: float | None) -> None:
        """From now on, for `seconds` or until it is cleared."""
        if fault.kind not in KINDS:
            raise ControlError(f"no fault {fault.kind!r}: use one of {', '.join(KINDS)}")
        self._faults.append(fault)
        if seconds is not None:
            loop = asyncio.get_running_loop()
            fault.ends_at = loop.time() + seconds
            loop.call_later(seconds, self._end, fault)
        self._events.tell("faults", faults=self.describe())

    def take(self, bot_id: int, method: str) -> Fault | None:
        """The fault that strikes this call, if any; counts the call."""
        for fault in self._faults:
            if fault.matches(bot_id, method):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0 and fault.kind != "hang":
                        self._end(fault)
                return fault
        return None

    def clear(self) -> None:
        """Ends all of them."""
        for fault in list(self._faults):
            self._end(fault)

    def _end(self, fault: Fault) -> None:
        fault.ended.set()
        if fault in self._faults:
            self._faults.remove(fault)
            self._events.tell("faults", faults=self.describe())
