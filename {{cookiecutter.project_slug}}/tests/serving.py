"""Servers in the process of a test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

STEPS = 5
"""Of the loop, in which asyncio does the whole of what it has begun with a connection."""


@asynccontextmanager
async def accepting(server: asyncio.Server) -> AsyncIterator[int]:
    """Give its port, and close it after.

    Closed in the middle of it, asyncio forgets what it has just accepted, and Python tells of that
    in some later test.
    """
    loop, sockets = asyncio.get_running_loop(), server.sockets
    try:
        yield sockets[0].getsockname()[1]
    finally:
        for one in sockets:
            loop.remove_reader(one.fileno())
        await settle()
        server.close()


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve it on a port of this machine; gives the address. All connections are closed after."""
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server
    loop = asyncio.get_running_loop()
    server = await loop.create_server(runner.server, "127.0.0.1", port)
    try:
        async with accepting(server) as taken:
            yield f"http://127.0.0.1:{taken}"
    finally:
        await runner.server.shutdown(0.1)
        await runner.cleanup()
        await settle()


@asynccontextmanager
async def listening(
    take: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int = 0
) -> AsyncIterator[int]:
    """Have `take` see to each connection to a port, this one or any, until the end: then all are
    cut, also those that would take their time to close."""
    writers: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def take_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers[asyncio.current_task()] = writer
        try:
            await take(reader, writer)
        finally:
            writer.close()

    try:
        async with accepting(await asyncio.start_server(take_in, "127.0.0.1", port)) as taken:
            yield taken
    finally:
        for writer in writers.values():
            writer.transport.abort()
        if tasks := [task for task in writers if task]:
            await asyncio.wait(tasks)
        await settle()


async def settle() -> None:
    """Let asyncio do what it has begun."""
    for _ in range(STEPS):
        await asyncio.sleep(0)
