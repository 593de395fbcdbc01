"""What happens, told to all who watch: the page, the chat in a terminal, tests that wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
BACKLOG = 10_000
"""Events kept for a watcher that does not read; it loses what comes after."""


class Events:
    """The watchers of everything, and those of one chat."""

    def __init__(self) -> None:
        self.ears: list[Callable[[Json], None]] = []
        """Called with everything, at once."""
        self._watchers: dict[str | None, set[asyncio.Queue[Json]]] = {}

    def tell(self, event: str, **content: Any) -> None:
        """Give an event to all who watch everything, or the chat whose key is `content["chat"]`."""
        for hear in self.ears:
            hear({"event": event, **content})
        for key in {None, content.get("chat")}:
            for watcher in self._watchers.get(key, ()):
                with contextlib.suppress(asyncio.QueueFull):
                    watcher.put_nowait({"event": event, **content})

    def stop(self) -> None:
        """Tell everybody that it is over."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                with contextlib.suppress(asyncio.QueueFull):
                    watcher.put_nowait({"event": "stop"})

    @contextlib.contextmanager
    def watch(self, chat: str | None = None) -> Iterator[asyncio.Queue[Json]]:
        """Events from now on; with the key of a chat, those of that chat alone."""
        queue: asyncio.Queue[Json] = asyncio.Queue(BACKLOG)
        watchers = self._watchers.setdefault(chat, set())
        watchers.add(queue)
        try:
            yield queue
        finally:
            watchers.discard(queue)
            if not watchers:
                self._watchers.pop(chat, None)
