"""For bots: `/bot<token>/<method>` and `/file/bot<token>/<path>`, also with `/test` behind the
token, as in Telegram's test environment.

https://core.telegram.org/bots/api#making-requests, #getfile
"""

from __future__ import annotations

import os
import re
import struct
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET

import aiohttp
import orjson
from aiohttp import web

from sandbox.errors import ApiError
from sandbox.http.reading import read
from sandbox.methods.answer import answer
from sandbox.world.world import World

TOKEN = re.compile(r"([0-9]{1,16}):([A-Za-z0-9_-]+)")
CLOSE_WITH_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class BotRoutes:
    """Answers the bots."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self._world = world
        self._session = session

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", r"/bot{token}{test:(/test)?}/{method:[^/]*}", self.call),
            web.get("/file/bot{token}{test:(/test)?}/{path:.+}", self.download),
            *(web.route("*", path + "{rest:.*}", nothing) for path in ("/bot", "/file/bot")),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call of a method, which is named in the address or by the parameter `method`."""
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            return await nothing(request)
        try:
            values, files = await read(request)
        except ApiError as error:
            return respond(error.code, error.body())
        name = request.match_info["method"] or str(values.get("method", ""))
        bot = (int(token[1]), token[2])
        outcome = await answer(self._world, bot, name, values, files, self._session)
        if outcome.status is None:
            return cut(request)
        if isinstance(outcome.body, str):
            return web.Response(text=outcome.body, status=outcome.status, content_type="text/html")
        return respond(outcome.status, outcome.body)

    async def download(self, request: web.Request) -> web.Response:
        """A file that getFile told the bot the path of."""
        token = TOKEN.fullmatch(request.match_info["token"])
        file = self._world.files.at(request.match_info["path"])
        if token is None or file is None:
            return await nothing(request)
        try:
            bot = self._world.authorize(int(token[1]), token[2])
        except ApiError as error:
            return respond(error.code, error.body())
        if bot.bot_id not in file.bots:
            return await nothing(request)
        return web.Response(body=file.data, content_type="application/octet-stream")


async def nothing(_: web.Request) -> web.Response:
    """What is at no other address."""
    return respond(404, ApiError(404, "Not Found").body())


def respond(status: int, body: object) -> web.Response:
    """An answer in JSON. One that says when to come again says so in a header, too."""
    headers = {"Content-Type": "application/json"}
    if status == HTTPStatus.TOO_MANY_REQUESTS and isinstance(body, dict):
        headers["Retry-After"] = str(body["parameters"]["retry_after"])
    return web.Response(body=orjson.dumps(body), status=status, headers=headers)


def cut(request: web.Request) -> web.StreamResponse:
    """Closes the connection with a TCP reset instead of an answer."""
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(
            SOL_SOCKET, SO_LINGER, CLOSE_WITH_RESET
        )
        request.transport.abort()
    return web.StreamResponse()
