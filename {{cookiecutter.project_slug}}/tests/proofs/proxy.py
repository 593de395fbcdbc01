"""A proxy in front of the service, as users have them."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
from aiohttp import web

from tests.serving import serving


@asynccontextmanager
async def proxy(
    port: int, replicas: Callable[[], list[str]], *, strips: str = ""
) -> AsyncIterator[None]:
    """Hand on what comes to a port of this machine, without the path `strips` at its beginning.

    The replicas at these addresses take turns; for one that cannot be reached the next does.
    """
    turns = itertools.count()
    async with aiohttp.ClientSession() as http:

        async def forward(request: web.Request) -> web.Response:
            path, body = request.raw_path.removeprefix(strips), await request.read()
            found = replicas()
            for turn in itertools.islice(turns, len(found)):
                url = found[turn % len(found)] + path
                try:
                    async with http.post(url, data=body, headers=request.headers) as answer:
                        return web.Response(status=answer.status, body=await answer.read())
                except aiohttp.ClientConnectorError:
                    continue
                except aiohttp.ClientError:  # it may have got it
                    break
            return web.Response(status=HTTPStatus.BAD_GATEWAY)

        app = web.Application()
        app.router.add_post("/{path:.*}", forward)
        async with serving(app, port):
            yield
