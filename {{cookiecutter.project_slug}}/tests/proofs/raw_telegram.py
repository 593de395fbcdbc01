"""A Bot API server that serves the very bytes a test gives it; the sandbox makes no mistakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import orjson
from aiohttp import web

from tests.serving import serving

BOT = 3000001
Answer = tuple[int, bytes]
"""Status and body."""
HANG: Answer = (0, b"")
"""None ever."""
TOKEN = f"{BOT}:{'c' * 35}"
SENT = (
    rb'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":7,"type":"private"},"text":"\ud83d'
)
"""Followed by a byte that is no UTF-8: this is how every message that is sent comes back."""


class RawTelegram:
    """Telegram for one bot.

    `updates` are the bytes of those that wait, by the id as which they are confirmed. All are
    offered at once.
    """

    def __init__(self) -> None:
        self.url = ""
        self.updates: dict[float, bytes] = {}
        self.sent: list[str] = []
        """The texts that the bot has sent: those that arrived, however they were answered."""
        self.answers: list[Answer | None] = []
        """What the next messages get for an answer; None: success."""
        self.refusal: Answer | None = None
        """What all other calls get."""
        self.webhook: dict[str, object] = {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": 0,
        }
        """What getWebhookInfo tells."""
        self._over = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        telegram = cls()
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", telegram._answer)
        async with serving(app) as telegram.url:
            try:
                yield telegram
            finally:
                telegram._over.set()

    async def _answer(self, request: web.Request) -> web.Response:
        is_json = request.content_type == "application/json"
        parameters = await (request.json() if is_json else request.post())
        given = {
            key: value if isinstance(value, str) else orjson.dumps(value).decode()
            for key, value in parameters.items()
        }
        if self.refusal is not None:
            return _answer(*self.refusal)
        result = b"true"
        match request.match_info["method"]:
            case "getMe":
                me = {"id": BOT, "is_bot": True, "first_name": "Raw", "username": "raw_bot"}
                result = orjson.dumps(me)
            case "getUpdates":
                result = await self._get_updates(given)
            case "getMyCommands":
                result = b"[]"
            case "setWebhook":
                self.webhook |= {"url": given["url"], "max_connections": 40}
                self.webhook["allowed_updates"] = orjson.loads(given["allowed_updates"])
            case "getWebhookInfo":
                result = orjson.dumps(self.webhook)
            case "sendMessage":
                self.sent.append(given["text"])
                answer = self.answers.pop(0) if self.answers else None
                if answer is HANG:
                    await self._over.wait()
                return _answer(*(answer or (200, SENT + b'\xff"}}')))
        return _answer(200, b'{"ok":true,"result":' + result + b"}")

    async def _get_updates(self, given: dict[str, str]) -> bytes:
        offset = int(given.get("offset", 0))
        self.updates = {key: raw for key, raw in self.updates.items() if key >= offset}
        if not self.updates:
            await asyncio.sleep(min(0.1, float(given.get("timeout", 0))))  # a short long poll
        return b"[" + b",".join(self.updates[key] for key in sorted(self.updates)) + b"]"


def _answer(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def fails(status: int, description: str, **parameters: int) -> Answer:
    """Make the answer of the Bot API to a call that fails."""
    body = {"ok": False, "error_code": status, "description": description}
    return status, orjson.dumps(body | {"parameters": parameters})
