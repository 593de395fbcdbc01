"""A proxy in front of the service, as users have them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.serving import serving


@asynccontextmanager
async def proxy(port: int, target: str, *, strips: str = "") -> AsyncIterator[None]:
    """Hand on what comes to a port of this machine, without the path `strips` at its beginning."""
    async with aiohttp.ClientSession() as http:

        async def forward(request: web.Request) -> web.Response:
            url = target + request.raw_path.removeprefix(strips)
            async with http.post(url, data=await request.read(), headers=request.headers) as answer:
                return web.Response(status=answer.status, body=await answer.read())

        app = web.Application()
        app.router.add_post("/{path:.*}", forward)
        async with serving(app, port):
            yield
