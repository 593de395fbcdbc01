"""A watch over the connections to the HTTP port, so that nobody takes it by being slow."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog
from aiohttp import web

from fleet.ops.crowd import Crowd

HEAD_TIMEOUT = 10.0
"""Seconds for the first head of a connection to arrive. aiohttp has one time for that and for how
long a proxy may keep a connection for its next request: an hour."""
MOST = 2_000
"""Connections at once. Where there are more, those that rest longest are closed."""
INTERVAL = 1.0
"""Seconds between two looks."""

log = structlog.get_logger(__name__)


class Connections:
    """Knows which connections have asked for something, and which wait for their answer."""

    def __init__(self) -> None:
        self._rests_since: dict[web.RequestHandler, float] = {}
        """When each came or was answered last, by the event loop's clock."""
        self._asked: set[web.RequestHandler] = set()
        self._waiting: set[web.RequestHandler] = set()
        self._crowd = Crowd(few=1, window=60.0)

    def create_middleware(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        """Make what has to see all requests."""

        @web.middleware
        async def note(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            connection = request.protocol
            self._asked.add(connection)
            self._waiting.add(connection)
            try:
                return await handler(request)
            finally:
                self._waiting.discard(connection)
                self._rests_since[connection] = asyncio.get_running_loop().time()

        return note

    def watch(self, runner: web.AppRunner) -> None:
        """Look at all connections of the runner, now and until it is cleaned up."""
        if runner.server is not None:
            self._look(runner.server.connections)
            asyncio.get_running_loop().call_later(INTERVAL, self.watch, runner)

    def _look(self, there: Collection[web.RequestHandler]) -> None:
        now = asyncio.get_running_loop().time()
        self._rests_since = {one: self._rests_since.get(one, now) for one in there}
        self._asked.intersection_update(there)
        slow = [
            one
            for one in there
            if one not in self._asked and now - self._rests_since[one] > HEAD_TIMEOUT
        ]
        surplus = max(0, len(there) - len(slow) - MOST)
        resting = self._rests_since.keys() - self._waiting - set(slow)
        closed = [*slow, *sorted(resting, key=self._rests_since.__getitem__)[:surplus]]
        for one in closed:
            one.force_close()
        if closed:
            self._crowd.say(
                log.warning,
                "closed connections that only hold the HTTP port",
                closed=len(closed),
                of=len(there),
            )
