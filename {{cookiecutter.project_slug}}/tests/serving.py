"""Servers in the process of a test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

STEPS = 5
"""Of the loop, in which asyncio does the whole of what it has begun with a connection."""


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve it on a port of this machine; gives the address. All connections are closed after."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server = runner.server
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        # One may have been accepted just when the port was closed.
        for _ in range(STEPS):
            await asyncio.sleep(0)
        if server is not None:
            await server.shutdown(0.1)


@asynccontextmanager
async def listening(
    take: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int = 0
) -> AsyncIterator[int]:
    """Have `take` see to each connection to a port, this one or any, until the end: then all are
    cut. What asyncio has just accepted, or closes slowly, would be told of in some later test.
    """
    writers: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}
    is_over = False

    async def take_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers[asyncio.current_task()] = writer
        try:
            if not is_over:
                await take(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(take_in, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        is_over = True
        server.close()
        for _ in range(STEPS):
            await asyncio.sleep(0)
        for writer in writers.values():
            writer.transport.abort()
        if tasks := [task for task in writers if task]:
            await asyncio.wait(tasks)
        for _ in range(STEPS):
            await asyncio.sleep(0)
