"""One call of the Bot API, however it comes: over HTTP, or from a bot in the same process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from sandbox.errors import ApiError, PollInterruptedError
from sandbox.methods.call import Again, Call, Described
from sandbox.methods.checked import check
from sandbox.methods.decode import decode, known_method, shown
from sandbox.methods.modelled import refuse_others
from sandbox.methods.pace import slow_down
from sandbox.methods.table import METHODS, MODELLED
from sandbox.world import calls
from sandbox.world.bots import Bot
from sandbox.world.events import Json
from sandbox.world.faults import Fault
from sandbox.world.files import Upload
from sandbox.world.legacy import with_legacy
from sandbox.world.world import World

BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n"
    "</body>\r\n</html>\r\n"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ends."""

    status: int | None
    """HTTP status; None: the connection is cut instead of an answer."""
    body: Json | str = ""
    """JSON, or a page in HTML."""


async def answer(
    world: World,
    token: tuple[int, str],
    name: str,
    values: dict[str, Any],
    files: dict[str, Upload],
    http: aiohttp.ClientSession,
) -> Outcome:
    """Records a call, and strikes it with a fault or does what the method does.

    Args:
        token: the bot's id and what is behind the colon.
        name: of the method, in any case.
        values: the parameters as they came; `files` the uploads beside them.
        http: for webhooks, if the call sets one.
    """
    known = known_method(name)
    support: calls.Support = "unknown" if known is None else "checked"
    if known is not None and known.__api_method__.lower() in METHODS:
        support = "modelled"
    record = world.calls.begin(
        token[0], known.__api_method__ if known else name, values, support=support
    )
    outcome, fault = Outcome(None), None
    try:
        while True:
            fault = world.faults.take(token[0], record.method, values.get("chat_id"))
            if fault is not None:
                outcome = await strike(fault)
                break
            try:
                outcome = Outcome(200, await run(world, token, record, values, files, http))
            except ApiError as error:
                outcome = Outcome(error.code, error.body())
            except PollInterruptedError:
                continue
            except Exception:
                # A fault of the sandbox, not of the bot, which must be able to tell.
                log.exception("%s of bot %s failed in the sandbox", name, token[0])
                outcome = Outcome(500, ApiError(500, "Internal Server Error").body())
            break
    finally:
        world.calls.end(record, outcome.status, outcome.body, fault.kind if fault else None)
    return outcome


async def run(
    world: World,
    token: tuple[int, str],
    record: calls.Call,
    values: dict[str, Any],
    files: dict[str, Upload],
    http: aiohttp.ClientSession,
) -> Json:
    """The JSON of a successful answer. Raises ApiError."""
    bot = world.authorize(*token)
    known = known_method(record.method)
    if known is None:
        raise ApiError(404, "Not Found: method not found")
    params = decode(known, values, files)
    record.params = shown(params)
    name = record.method.lower()
    if name in METHODS:
        refuse_others(record.method, params, MODELLED.get(name, ()))

    handler = METHODS.get(name, check)
    call = Call(world, bot, record.method, params, files, http, again_for(world, bot, http))
    slow_down(call)
    result = await handler(call)
    if isinstance(result, Described):
        return {"ok": True, "result": result.result, "description": result.description}
    return {"ok": True, "result": with_legacy(result)}


def again_for(world: World, bot: Bot, http: aiohttp.ClientSession) -> Again:
    """Makes another call of a bot."""

    async def again(name: str, values: dict[str, Any], files: dict[str, Upload]) -> Outcome:
        return await answer(world, (bot.bot_id, bot.secret), name, values, files, http)

    return again


async def strike(fault: Fault) -> Outcome:
    """What a fault does to a call."""
    if fault.code is None:
        if fault.kind == "hang":
            await fault.ended.wait()
        return Outcome(None)
    if fault.code == HTTPStatus.BAD_GATEWAY and fault.text is None:
        return Outcome(fault.code, BAD_GATEWAY)
    seconds = fault.retry_after if fault.code == HTTPStatus.TOO_MANY_REQUESTS else None
    error = ApiError(fault.code, fault.description, retry_after=seconds)
    return Outcome(fault.code, error.body())
