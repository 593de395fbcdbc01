"""HTTP servers in the process of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


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
        await asyncio.sleep(0)
        if server is not None:
            await server.shutdown(0.1)
