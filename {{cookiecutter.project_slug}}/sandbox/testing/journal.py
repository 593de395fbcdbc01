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
        self._loop = asyncio.get_running_loop()

    def check_loop(self) -> None:
        """Raises RuntimeError in another event loop than the one in which the events come."""
        __tracebackhide__ = True
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(
                "this test runs in another event loop than its fixtures: in pyproject.toml, give "
                "asyncio_default_test_loop_scope and asyncio_default_fixture_loop_scope the same "
                "value, and give the test no loop_scope of its own"
            )

    def catch_up(self) -> list[Json]:
        """All that has happened so far."""
        while not self._queue.empty():
            self.events.append(self._queue.get_nowait())
        return self.events

    async def first(self, wanted: Wanted, start: int, timeout: float) -> int:
        """Wait for an event that is `wanted` and give its position, `start` or later.

        Raises TimeoutError after `timeout` seconds.
        """
        __tracebackhide__ = True
        self.check_loop()
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
