"""The server: the Bot API, the control API and the page on one port."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

from sandbox.address import DEFAULT_HOST, reachable
from sandbox.http.bots import BotRoutes
from sandbox.http.people import PeopleRoutes
from sandbox.keep import keep, load, save
from sandbox.world.world import World

LARGEST_REQUEST = 64 * 1024 * 1024
"""Bytes; room for files and for a push of many updates."""
ROLE = re.compile(r"([\w-]+)=([0-9]{1,16}):")
STOP_TIMEOUT = 0.5
"""Seconds that open requests have at the end."""


@contextlib.asynccontextmanager
async def running(
    host: str = DEFAULT_HOST, port: int = 0, tokens: str = "", kept: Path | None = None
) -> AsyncIterator[str]:
    """A sandbox in this event loop; gives its address. Port 0: a free one. Bots that have a role in
    `tokens`, which are written as in BOT_TOKENS, are named after it. What happens is kept in the
    file `kept`, and was read from it.

    Raises OSError when it cannot listen or write there, ControlError for a file that is none.
    """
    roles = {int(bot_id): role for role, bot_id in ROLE.findall(tokens)}
    world = World(roles)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.add_routes(BotRoutes(world, session).routes())
        application.add_routes(PeopleRoutes(world).routes())

        keeping = None
        if kept is not None:
            load(world, kept, session)
            save(world, kept)
            keeping = asyncio.create_task(keep(world, kept))

        async def stop(_: web.Application) -> None:
            if keeping is not None and kept is not None:
                keeping.cancel()
                save(world, kept)
            world.stop()

        application.on_shutdown.append(stop)
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=STOP_TIMEOUT
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, backlog=4096)
            await site.start()
            bound = runner.addresses[0][1]
            yield f"http://{reachable(host)}:{bound}"
        finally:
            await runner.cleanup()


async def serve(host: str, port: int, kept: Path | None) -> None:
    """Runs until SIGTERM or SIGINT; see `running` for the file."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    raise_limit()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no such handlers: there Ctrl-C ends asyncio.run().
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    async with running(host, port, os.environ.get("BOT_TOKENS", ""), kept) as url:
        # In a container it cannot know where people reach it.
        print(BANNER.format(url=os.environ.get("SANDBOX_URL") or url), flush=True)
        await stopped.wait()


def raise_limit() -> None:
    """Take as many open files as the system lets it have: a long poll is one, and the soft limit
    is 1,024 on many systems."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # macOS refuses a soft limit above its own, where the hard one is infinite.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


BANNER = """\
Sandbox, a Telegram on your desk, at {url}
  talk to the bots  open {url} in a browser, or: python -m sandbox chat
  for the bots      TELEGRAM_API_URL={url}
  stop              Ctrl-C"""
