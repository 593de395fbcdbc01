"""The two ways to run a test: in this process, or against a running stack."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties

from sandbox.client import SandboxClient
from sandbox.control.connection import HttpConnection, SandboxError
from sandbox.testing.bots import BotUnderTest, under_test
from sandbox.testing.journal import Journal
from sandbox.testing.local import LocalConnection
from sandbox.testing.service import serving
from sandbox.testing.telegram import Telegram
from sandbox.testing.turns import PlainTurns, Turns
from sandbox.world.events import Json
from sandbox.world.world import World


@contextlib.asynccontextmanager
async def in_process(
    dispatcher: Dispatcher,
    named: Mapping[str, BotUnderTest | Bot],
    defaults: DefaultBotProperties | None = None,
    turns: Turns | None = None,
) -> AsyncIterator[Telegram]:
    """A world of its own and this dispatcher, in this event loop; `turns` say how it is fed."""
    bots = under_test(named)
    world = World({bot.id: name for name, bot in bots.items()})
    turns = turns or PlainTurns(dispatcher)
    with world.events.watch() as events:
        async with serving(world, dispatcher, turns, bots, defaults) as service:
            client = SandboxClient("", LocalConnection(world))
            telegram = Telegram(client, Journal(events), bots, service)
            await telegram.open()
            yield telegram


@contextlib.asynccontextmanager
async def over_http(url: str, named: Mapping[str, BotUnderTest | Bot]) -> AsyncIterator[Telegram]:
    """The sandbox at `url`, whose bots run elsewhere. Raises SandboxError."""
    url = url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
    connection = HttpConnection(url)
    async with SandboxClient(url, connection) as client:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        events = connection.events(None)
        if (hello := await anext(events, None)) is None:
            raise SandboxError(f"what answers at {url} is no sandbox")
        queue.put_nowait(hello)

        async def watch() -> None:
            async for event in events:
                queue.put_nowait(event)

        watcher = asyncio.create_task(watch())
        telegram = Telegram(client, Journal(queue), under_test(named), None)
        await telegram.open()
        try:
            yield telegram
        finally:
            await telegram.close()
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError, SandboxError):
                await watcher
