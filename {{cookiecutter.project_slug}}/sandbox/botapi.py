"""The Bot API over HTTP: `/bot<token>/<method>`."""

from __future__ import annotations

import logging
import os
import struct
from socket import SO_LINGER, SOL_SOCKET

import aiohttp
import orjson
from aiohttp import web

from sandbox.about import METHODS
from sandbox.api import Call
from sandbox.errors import ApiError, PollInterruptedError
from sandbox.faults import Fault
from sandbox.params import Params, read_params
from sandbox.state import TOKEN, Sandbox

BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n"
    "</body>\r\n</html>\r\n"
)
CLOSE_WITH_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

log = logging.getLogger(__name__)


class BotApi:
    """Answers the bots."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self._sandbox = sandbox
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call: record it, strike it with a fault or answer it."""
        name = request.match_info["method"]
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            return respond(404, ApiError(404, "Not Found").body())
        bot_id = int(token[1])
        try:
            params = await read_params(request)
        except ApiError as error:
            return respond(error.code, error.body())
        key = name.lower() if name.lower() in METHODS else ""
        record = self._sandbox.calls.record(bot_id, name, params.values, key=key)
        while True:
            fault = self._sandbox.faults.take(bot_id, name)
            if fault is not None:
                response = await strike(fault, request)
                break
            try:
                response = respond(200, await self._answer(bot_id, token[2], name, params))
            except ApiError as error:
                response = respond(error.code, error.body())
            except PollInterruptedError:
                continue
            break
        record.status = response.status if isinstance(response, web.Response) else None
        return response

    async def _answer(self, bot_id: int, secret: str, name: str, params: Params) -> object:
        bot = self._sandbox.authorize(bot_id, secret)
        method = METHODS.get(name.lower())
        if method is None:
            log.warning("bot %s called %s, which is not emulated", bot_id, name)
            raise ApiError(404, f"Not Found: method {name} is not emulated by the sandbox")
        return (await method(Call(self._sandbox, bot, params, self._session))).body()


def respond(status: int, body: object) -> web.Response:
    """An answer in JSON."""
    return web.Response(
        body=orjson.dumps(body), status=status, headers={"Content-Type": "application/json"}
    )


async def strike(fault: Fault, request: web.Request) -> web.StreamResponse:
    """What a fault does to a call."""
    if fault.kind == "429":
        seconds = fault.retry_after
        error = ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        return respond(429, error.body())
    if fault.kind == "500":
        return respond(500, ApiError(500, "Internal Server Error").body())
    if fault.kind == "502":
        return web.Response(text=BAD_GATEWAY, status=502, content_type="text/html")
    if fault.kind == "hang":
        await fault.ended.wait()
    return cut(request)


def cut(request: web.Request) -> web.StreamResponse:
    """Closes the connection with a TCP reset instead of an answer."""
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(
            SOL_SOCKET, SO_LINGER, CLOSE_WITH_RESET
        )
        request.transport.abort()
    return web.StreamResponse()
