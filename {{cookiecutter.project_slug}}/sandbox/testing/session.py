"""aiogram's way to Telegram, without HTTP: a call goes to the sandbox in this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any, cast

import aiohttp
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import InputFile
from typing_extensions import override

from sandbox.methods.answer import answer
from sandbox.world.files import Upload
from sandbox.world.world import World


class LocalSession(BaseSession):
    """Sends what `AiohttpSession` would send and raises what it would raise."""

    def __init__(self, world: World, http: aiohttp.ClientSession) -> None:
        super().__init__()
        self._world = world
        self._http = http

    async def close(self) -> None:
        """Do nothing: there is nothing open."""

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        values, files = await self._encode(bot, method)
        secret = bot.token.partition(":")[2]
        name = method.__api_method__
        try:
            async with asyncio.timeout(self.timeout if timeout is None else timeout):
                outcome = await answer(
                    self._world, (bot.id, secret), name, values, files, self._http
                )
        except TimeoutError as error:
            raise TelegramNetworkError(method=method, message="Request timeout error") from error
        if outcome.status is None:
            message = "ClientOSError: Connection reset by peer"
            raise TelegramNetworkError(method=method, message=message)
        body = outcome.body if isinstance(outcome.body, str) else json.dumps(outcome.body)
        response = self.check_response(bot, method, outcome.status, body)
        return cast(TelegramType, response.result)

    async def _encode(
        self, bot: Bot, method: TelegramMethod[TelegramType]
    ) -> tuple[dict[str, str], dict[str, Upload]]:
        inputs: dict[str, InputFile] = {}
        values = {
            name: prepared
            for name, value in method.model_dump(warnings=False).items()
            if (prepared := self.prepare_value(value, bot=bot, files=inputs))
        }
        files = {}
        for name, file in inputs.items():
            data = b"".join([chunk async for chunk in file.read(bot)])
            files[name] = Upload(file.filename or name, data)
        return values, files

    @override
    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        """A file that a user sent. Raises OSError for an address elsewhere: no test leaves the
        process."""
        base = self.api.file.partition("{token}")[0]
        path = url.removeprefix(base).partition("/")[2] if url.startswith(base) else ""
        file = self._world.files.at(path)
        if file is None:
            raise OSError(f"tests in one process fetch nothing from elsewhere: {url}")
        for start in range(0, len(file.data), chunk_size):
            yield file.data[start : start + chunk_size]


@contextlib.contextmanager
def diverted(bot: Bot, world: World, http: aiohttp.ClientSession) -> Iterator[Bot]:
    """A bot of the project's own, whose calls go to the sandbox for as long as the block lasts,
    through the middlewares of its session."""
    own, local = bot.session, LocalSession(world, http)
    local.middleware = own.middleware
    bot.session = local
    try:
        yield bot
    finally:
        bot.session = own
