"""A Bot API server that answers as a test says, and counts what arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

from tests.waiting import until

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
RESULTS = {
    "copyMessage": {"message_id": 1},
    "sendMessage": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}},
    "getMe": {"id": 1, "is_bot": True, "first_name": "Scripted"},
}


class ScriptedTelegram:
    """Answers each call with the next of `script`, then with success."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.calls: Counter[tuple[int, str]] = Counter()
        """How many arrived, by bot and method."""
        self.parameters: list[dict[str, Any]] = []
        """Those of each call."""
        self.connections: list[object] = []
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        telegram = cls()
        runner = await telegram.start()
        yield telegram
        await runner.cleanup()

    @property
    def chats(self) -> list[int]:
        """Which chats they were for."""
        return [int(one["chat_id"]) for one in self.parameters]

    async def start(self, port: int = 0) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        bot_id = int(request.match_info["token"].partition(":")[0])
        self.calls[bot_id, request.match_info["method"]] += 1
        self.connections.append(request.transport)
        is_json = request.content_type == "application/json"
        self.parameters.append(dict(await (request.json() if is_json else request.post())))
        if self.script:
            return await self.script.pop(0)(request)
        result = RESULTS.get(request.match_info["method"], True)
        return web.json_response({"ok": True, "result": result})

    async def until_called(self, method: str, times: int) -> None:
        async def called() -> bool:
            return sum(n for (_, name), n in self.calls.items() if name == method) >= times

        await until(called, f"{times} calls of {method}")


def answers(body: Any, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(text=body, content_type="text/html", status=status)
        return web.json_response(body, status=status)

    return answer


def fails(status: int, description: str, **parameters: int) -> Answer:
    body = {"ok": False, "error_code": status, "description": description}
    return answers(body | ({"parameters": parameters} if parameters else {}), status)


def floods(seconds: int) -> Answer:
    return fails(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()
