"""Log lines of many bots at once: the first few as they are, then how many more there were."""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FEW = 10
"""Lines of one event and state that are written as they are."""
WINDOW = 10.0
"""Seconds from the first of them until the rest is told, as a number."""

Say = Callable[..., Any]
"""A method of a structlog logger, such as `log.warning`."""


@dataclass(slots=True)
class _Lines:
    said: int = 0
    more: int = 0
    last: Callable[[], object] = lambda: None


class Crowd:
    """Keeps the log readable when the same happens to thousands of bots, as in an outage.

    In each window the first lines of an event name their bots, and one at the end says how many
    more there were, with the fields of the last. How every single bot is, `/health` tells.
    """

    def __init__(self, *, few: int = FEW, window: float = WINDOW) -> None:
        self._few = few
        self._window = window
        self._lines: dict[tuple[str, object], _Lines] = {}

    def say(self, how: Say, event: str, **fields: object) -> None:
        """Write or count `how(event, **fields)`. Different `state`s are different events."""
        key = event, fields.get("state")
        lines = self._lines.get(key)
        if lines is None:
            lines = self._lines[key] = _Lines()
            # In a context of its own: else the sum would carry the id of the first bot.
            asyncio.get_running_loop().call_later(
                self._window, self._sum_up, key, context=contextvars.Context()
            )
        if lines.said < self._few:
            lines.said += 1
            how(event, **fields)
        else:
            lines.more += 1
            more = lines.more
            lines.last = lambda: how(event, more=more, **fields)

    def _sum_up(self, key: tuple[str, object]) -> None:
        self._lines.pop(key).last()
