"""The client's HTTP: requests to the control API, and what went wrong in words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import orjson

Json = dict[str, Any]
SPARE = 10.0
"""Seconds an answer may come later than the sandbox was asked to wait."""


class SandboxError(Exception):
    """The sandbox refused, or is not there; the text says why and what to do."""


class NoReplyError(SandboxError, TimeoutError):
    """What was waited for did not come; the text has the conversation so far."""


class NothingCameError(Exception):
    """The time to wait is over."""

    def __init__(self, messages: list[Json]) -> None:
        super().__init__()
        self.messages = messages


class Connection:
    """Requests to the sandbox at `url`, once it is opened."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._opened = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        if self._opened:
            await self._opened.close()

    async def ask(
        self,
        verb: str,
        path: str,
        content: Json | None = None,
        query: Json | None = None,
        wait: float = 0.0,
    ) -> Json:
        """A request that is answered with an object. Raises SandboxError, NothingCameError."""
        answer: Json = orjson.loads(await self._request(verb, path, content, query, wait))
        return answer

    async def ask_list(self, path: str, query: Json | None = None, wait: float = 0.0) -> list[Json]:
        """A GET that is answered with a list of objects. Raises SandboxError."""
        answer: list[Json] = orjson.loads(await self._request("GET", path, None, query, wait))
        return answer

    async def stream(self, path: str) -> AsyncGenerator[Json, None]:
        """The objects of an answer that goes on; `{"event": "watching"}` when it has begun."""
        timeout = aiohttp.ClientTimeout(total=None)
        try:
            async with self._session.get(f"{self.url}/sandbox/{path}", timeout=timeout) as response:
                if response.status != 200:
                    raise SandboxError(orjson.loads(await response.read())["error"])
                yield {"event": "watching"}
                async for line in response.content:
                    yield orjson.loads(line)
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error

    async def get_me(self, token: str) -> Json:
        """getMe of the Bot API, as the bot of that token. Raises SandboxError."""
        try:
            async with self._session.get(f"{self.url}/bot{token}/getMe") as response:
                answer = orjson.loads(await response.read())
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error
        if not answer["ok"]:
            raise SandboxError(f"the sandbox refused the token: {answer['description']}")
        me: Json = answer["result"]
        return me

    async def _request(
        self, verb: str, path: str, content: Json | None, query: Json | None, wait: float
    ) -> bytes:
        try:
            async with self._session.request(
                verb,
                f"{self.url}/sandbox/{path}",
                data=orjson.dumps(content) if content is not None else None,
                params=query,
                timeout=aiohttp.ClientTimeout(total=wait + SPARE),
            ) as response:
                body = await response.read()
                if response.status == 200:
                    return body
                answer = orjson.loads(body)
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            raise self._unreachable(error) from error
        if response.status == 408:
            raise NothingCameError(answer["messages"])
        raise SandboxError(answer["error"])

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            raise SandboxError("use it as: async with SandboxClient(url) as sandbox")
        return self._opened

    def _unreachable(self, error: Exception) -> SandboxError:
        return SandboxError(
            f"no sandbox answers at {self.url} ({str(error) or type(error).__name__}); "
            "start it with: python -m sandbox"
        )
