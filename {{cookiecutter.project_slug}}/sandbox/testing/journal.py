"""What has happened since the test began, in the order in which Telegram saw it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.world.events import Json

Wanted = Callable[[Json], bool]


def is_event(kind: str, **fields: object) -> Wanted:
    """Tells events of a kind that have these fields."""
    return lambda event: (
        event["event"] == kind and all(event.get(name) == value for name, value in fields.items())
    )


class Journal:
    """The events of the sandbox (`GET /sandbox/events`), kept so that each can be waited for, also
    when it has happened already. A position is an index into `events`."""

    def __init__(self, queue: asyncio.Queue[Json]) -> None:
        self.events: list[Json] = []
        self._queue = queue
        self._reading = asyncio.Lock()

    def catch_up(self) -> list[Json]:
        """All that has happened so far."""
        while not self._queue.empty():
            self.events.append(self._queue.get_nowait())
        return self.events

    async def first(self, wanted: Wanted, start: int, timeout: float) -> int:
        """Wait for an event that is `wanted` and give its position, `start` or later.

        Raises TimeoutError after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                events = self.catch_up()
                for position in range(start, len(events)):
                    if wanted(events[position]):
                        return position
                start = len(events)
                await self._next(start)

    async def _next(self, known: int) -> None:
        """Several may wait: one of them reads, the others look at what it has read."""
        async with self._reading:
            if len(self.events) == known:
                self.events.append(await self._queue.get())
