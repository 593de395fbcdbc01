"""Faults on purpose: what Telegram and the network between do on a bad day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sandbox.errors import ControlError

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
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is over; calls that hang on it are cut then."""

    def matches(self, bot_id: int, method: str) -> bool:
        return (
            self.times != 0
            and self.bot_id in (None, bot_id)
            and (self.method is None or self.method.lower() == method.lower())
        )


class Faults:
    """The faults in force; the first one that matches a call strikes it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault, seconds: float | None) -> None:
        """From now on, for `seconds` or until it is cleared."""
        if fault.kind not in KINDS:
            raise ControlError(f"no fault {fault.kind!r}: use one of {', '.join(KINDS)}")
        self._faults.append(fault)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._end, fault)

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
