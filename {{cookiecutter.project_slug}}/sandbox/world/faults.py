"""Faults on purpose: what Telegram and the network between do on a bad day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus

from sandbox.errors import ControlError
from sandbox.world.events import Events, Json

KINDS = ("hang", "reset")
"""Beside these, any HTTP status from 400 to 599."""


@dataclass(slots=True, eq=False)
class Fault:
    """What happens to calls that match. None matches every bot, every method, every chat."""

    kind: str
    """The status of the answer, or one of KINDS."""
    bot_id: int | None = None
    method: str | None = None
    chat_id: int | None = None
    text: str | None = None
    """The description in the answer; None: what the status is called."""
    times: int | None = None
    """Calls it still strikes; None: all."""
    retry_after: int = 1
    """Seconds, for 429."""
    ends_at: float | None = None
    """In the event loop's time; None: when it is cleared."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is over; calls that hang on it are cut then."""

    @property
    def code(self) -> int | None:
        """The status of the answer; None: there is none."""
        return int(self.kind) if self.kind.isdecimal() else None

    @property
    def description(self) -> str:
        """What the answer tells, which is often all that tells one error from another."""
        if self.text is not None:
            return self.text
        known = self.code in {status.value for status in HTTPStatus}
        words = HTTPStatus(self.code or 0).phrase if known else f"Error {self.code}"
        return f"{words}: retry after {self.retry_after}" if self.code == 429 else words

    def matches(self, bot_id: int, method: str, chat_id: object = None) -> bool:
        """Whether it strikes a call, whose `chat_id` is as it came: a number or its digits."""
        return (
            self.times != 0
            and self.bot_id in (None, bot_id)
            and (self.method is None or self.method.lower() == method.lower())
            and (self.chat_id is None or str(self.chat_id) == str(chat_id))
        )

    def describe(self) -> Json:
        """What the control API says of it."""
        left = None
        if self.ends_at is not None:
            left = max(0.0, self.ends_at - asyncio.get_running_loop().time())
        names = ("kind", "bot_id", "method", "chat_id", "text", "times", "retry_after")
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
        if fault.kind not in KINDS and not (fault.code and 400 <= fault.code <= 599):
            raise ControlError(
                f"no fault {fault.kind!r}: write an error's code, such as 403, 429, 500 or 502, "
                f"or one of {', '.join(KINDS)}"
            )
        self._faults.append(fault)
        if seconds is not None:
            loop = asyncio.get_running_loop()
            fault.ends_at = loop.time() + seconds
            loop.call_later(seconds, self._end, fault)
        self._events.tell("faults", faults=self.describe())

    def take(self, bot_id: int, method: str, chat_id: object) -> Fault | None:
        """The fault that strikes this call, if any; counts the call."""
        for fault in self._faults:
            if fault.matches(bot_id, method, chat_id):
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
