"""The way from a client to the commands, and what went wrong in words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

import aiohttp
import orjson

from sandbox.errors import NothingCameError

Json = dict[str, Any]
SPARE = 60.0
"""Seconds an answer may come later than the sandbox was asked to wait."""
PREFIX = b"data: "
LONGEST_EVENT = 2**24
"""Bytes of one event: `hello` tells of every bot."""


class SandboxError(Exception):
    """The sandbox refused, or is not there; the text says why and what to do."""


class NoReplyError(SandboxError, TimeoutError):
    """What was waited for did not come; the text has the conversation so far."""


class Connection(Protocol):
    """A way to the commands of a sandbox."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ask(self, command: str, arguments: Json, wait: float) -> Any:
        """What a command answers. Raises SandboxError, NothingCameError."""

    async def file(self, file_id: str) -> bytes:
        """What a bot or a user sent. Raises SandboxError."""

    def events(self, chat: str | None) -> AsyncGenerator[Json, None]:
        """What happens in the chat with this key, or everywhere; `hello` when it has begun."""


class HttpConnection:
    """To the sandbox at `url`, once it is opened."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._opened = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), read_bufsize=LONGEST_EVENT
        )

    async def close(self) -> None:
        if self._opened:
            await self._opened.close()

    async def ask(self, command: str, arguments: Json, wait: float) -> Any:
        """What a command answers within `wait` seconds and some. Raises SandboxError,
        NothingCameError."""
        try:
            async with self._session.post(
                f"{self.url}/sandbox/{command}",
                data=orjson.dumps(arguments),
                timeout=aiohttp.ClientTimeout(total=wait + SPARE),
            ) as response:
                answer = orjson.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            raise self._unreachable(error) from error
        if response.status == 408:
            raise NothingCameError(answer["messages"])
        if response.status != 200:
            raise SandboxError(answer["error"])
        return answer

    async def file(self, file_id: str) -> bytes:
        """What a bot or a user sent. Raises SandboxError."""
        try:
            async with self._session.get(f"{self.url}/sandbox/files/{file_id}") as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error
        if response.status != 200:
            raise SandboxError(f"the sandbox has no file {file_id}")
        return content

    async def events(self, chat: str | None) -> AsyncGenerator[Json, None]:
        """What happens in a chat, or everywhere, until the sandbox stops. Raises SandboxError."""
        timeout = aiohttp.ClientTimeout(total=None)
        url = f"{self.url}/sandbox/events"
        params = {"chat": chat} if chat else {}
        try:
            async with self._session.get(url, params=params, timeout=timeout) as response:
                async for line in response.content:
                    if line.startswith(PREFIX):
                        yield orjson.loads(line.removeprefix(PREFIX))
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error

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
