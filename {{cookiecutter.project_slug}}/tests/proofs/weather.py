"""A server that answers as it is told, over and over, and a clock that need not be waited for."""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from orjson import loads

from fleet.telegram.gates import MOST_REFUSALS
from fleet.telegram.retries import DELAYS
from tests.fleet.scripted import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROBES = 3
"""Calls of getMe in a turn: before it, and for its error and that of an error handler."""
STORM = 50
"""Times that a call arrives until this test has seen enough."""
PAUSE = 0.002
"""Real seconds for which nothing must happen until the clock jumps."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time jumps to the next timer when there is nothing to do but to wait for that."""

    def __init__(self) -> None:
        self.ahead = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return super().time() + self.ahead


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= PAUSE:
            return super().select(timeout)
        ready = super().select(PAUSE)
        if not ready:
            self._loop.ahead += timeout - PAUSE
        return ready


OK = {"ok": True}
ANSWERS: Mapping[str, tuple[int, Any]] = {
    "ok": (200, OK),
    "retry after 1": (429, {"parameters": {"retry_after": 1}}),
    "retry after 4": (429, {"parameters": {"retry_after": 4}}),
    "retry after 50": (429, {"parameters": {"retry_after": 50}}),
    "retry after 700": (429, {"parameters": {"retry_after": 700}}),
    "429 without a time": (429, {}),
    "moved": (400, {"parameters": {"migrate_to_chat_id": -1007}}),
    "refused": (400, {}),
    "logged out": (400, {"description": "Logged out"}),
    "unauthorized": (401, {}),
    "blocked": (403, {}),
    "not found": (404, {}),
    "conflict": (409, {}),
    "too large": (413, {}),
    "failed": (500, {}),
    "restarting": (500, {"description": "restart"}),
    "bad gateway": (502, "<html>Bad Gateway</html>"),
    "unreadable": (200, "<html>welcome to this hotspot</html>"),
    "another type": (200, {"ok": True, "result": "what?"}),
    "hangs": (0, None),
    "lost": (0, None),
    "cut": (0, None),
}


@dataclass
class Arrival:
    """A call that the server has got."""

    at: float
    answer: str
    was_kept: bool
    """It came on a connection that had brought others."""


@dataclass
class Server:
    """Answers with what is in `script`, over and over."""

    script: Iterator[str]
    came: defaultdict[str, list[Arrival]] = field(default_factory=lambda: defaultdict(list))
    """In this turn, by what the call says."""
    succeeded: Counter[str] = field(default_factory=Counter)
    """In all turns."""
    _connections: set[int] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = loads(await request.read() or b"{}")
        method = request.match_info["method"]
        name = str(form.get("text") or form.get("name") or method)
        answer = "ok" if name == "warm" or len(self.came[name]) > STORM else next(self.script)
        connection = id(request.transport)
        kept = connection in self._connections
        self._connections.add(connection)
        if name != "warm":
            self.came[name].append(Arrival(asyncio.get_running_loop().time(), answer, kept))
            self.succeeded[name] += answer == "ok"
        if answer == "hangs":
            await asyncio.Event().wait()
        if answer in ("lost", "cut"):
            assert request.transport
            if answer == "cut":
                request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
            self._connections.discard(connection)
            request.transport.close()
            return web.Response()
        status, body = ANSWERS[answer]
        if isinstance(body, str):
            return web.Response(text=body, status=status, content_type="text/html")
        if body is OK:
            body = OK | {"result": RESULTS.get(method, True)}
        given = {"ok": False, "error_code": status, "description": answer} | body
        return web.json_response(given, status=status)

    def check(self) -> None:
        """Assert that each call of this turn has arrived as often as it may, and no sooner."""
        assert len(self.came.pop("getMe", [])) <= PROBES
        for name, arrivals in self.came.items():
            assert len(arrivals) <= MOST_REFUSALS * (1 + len(DELAYS)) * _lives(arrivals), name
            refusals = lost = moves = 0
            for one, then in zip(arrivals, [*arrivals[1:], None], strict=True):
                refused = one.answer.startswith("retry after")
                refusals += refused
                lost = lost + 1 if one.answer == "lost" and one.was_kept else 0
                if refused and then:
                    assert then.at - one.at >= int(one.answer.split()[-1]), name
                if one.answer == "moved" and not moves:
                    refusals, moves = 0, 1
                elif then:
                    assert refused or lost, f"{name} again after: {one.answer}"
                assert refusals <= MOST_REFUSALS, f"{name}: refused too often"
                assert lost <= 1 + len(DELAYS), f"{name}: too many tries"
            assert self.succeeded[name] <= 1, f"{name} has succeeded before"
        self.came.clear()


def _lives(arrivals: list[Arrival]) -> int:
    """A group that has moved is called once more where it is now."""
    return 2 if any(one.answer == "moved" for one in arrivals) else 1
