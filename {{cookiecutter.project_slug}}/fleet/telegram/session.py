"""The HTTP sessions that all bots share: one for calls, one for long polls.

They are apart because a long poll holds its connection: with as many polling bots as one session
has connections, no message is sent any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe
from aiogram.types import InputFile
from aiohttp import ClientResponse, FormData
from aiohttp.payload import BytesPayload
from pydantic import BaseModel

from fleet.lenient import loads
from fleet.telegram.current import current_turn
from fleet.telegram.gate import Gate
from fleet.telegram.gates import FloodControl, Gates
from fleet.telegram.moves import Following, Moves
from fleet.telegram.noting import Noting, answer
from fleet.telegram.outages import Outages
from fleet.telegram.pace import Pace, Rates
from fleet.telegram.plain import NO_FILES, fields_of, plain
from fleet.telegram.retries import Retries
from fleet.telegram.route import Route

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType
    from aiohttp import ClientSession

    from fleet.settings import Settings

# Seconds for one getUpdates unless its caller says otherwise. Telegram holds a poll up to 50 s.
POLL_TIMEOUT = 75.0
# Seconds for the getMe that tells whether Telegram is away.
PROBE_TIMEOUT = 10
# Seconds for connections under TLS to say goodbye.
# Source: https://docs.aiohttp.org/en/stable/client_advanced.html#graceful-shutdown
CLOSING = 0.25
# Connections for calls. A turn makes one call at a time as a rule; twice that leaves room for
# handlers that gather several, the floor for uploads of a service with few turns.
CALLS_PER_TURN = 2
MIN_CALLS = 100


class SessionClosedError(RuntimeError):
    """A call was made after the service had closed its sessions."""


class FleetSession(AiohttpSession):
    """aiogram's session for many bots: none of them can close it, and closed it stays closed."""

    def __init__(
        self,
        *,
        api: TelegramAPIServer,
        route: Route,
        limit: int,
        timeout: float,
        upload_timeout: float,
    ) -> None:
        """Make one.

        Args:
            api: where the calls go.
            route: how they get there.
            limit: connections at once; 0 for any number.
            timeout: seconds for one call, from the wait for a connection to the last byte of the
                answer, unless its caller says otherwise.
            upload_timeout: the same for a call that sends a file.
        """
        super().__init__(api=api, json_loads=loads, json_dumps=_dumps, timeout=timeout, limit=limit)
        self._route = route
        self.limit = limit
        self._upload_timeout = math.ceil(upload_timeout)
        self._client: ClientSession | None = None
        self._finished = False

    async def create_session(self) -> ClientSession:
        """Return the client session, opened at the first call.

        Raises SessionClosedError after `finish`.
        """
        if self._finished:
            raise SessionClosedError("the service is stopping: its sessions to Telegram are closed")
        if self._client is None:
            self._client = self._route.open(self.limit, _Response)
        return self._client

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """Make one call; one that sends a file may take longer.

        Raises TurnLost instead, if it would be made for a turn that is no longer ours or goes back.
        """
        if timeout is None and sends_file(method):
            timeout = self._upload_timeout
        turn = current_turn.get()
        with turn.calling() if turn else contextlib.nullcontext():
            return await super().make_request(bot, method, timeout)

    def build_form_data(  # type: ignore[override]  # aiohttp sends both
        self, bot: Bot, method: TelegramMethod[TelegramType]
    ) -> FormData | BytesPayload:
        """Give the body of a call: JSON, unless there is something to upload or to translate."""
        parameters = plain(bot, method)
        if parameters is None:
            return super().build_form_data(bot, method)
        return BytesPayload(orjson.dumps(parameters), content_type="application/json")

    async def close(self) -> None:
        """Do nothing: `async with bot` calls this, and the other bots need the session."""

    async def finish(self) -> None:
        """Close for good. Calls in flight fail, further ones raise SessionClosedError."""
        if self._finished:
            return
        self._finished = True
        if self._client is not None:
            await self._client.close()
            await asyncio.sleep(CLOSING)

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """Return the answer, or raise what it says.

        A gateway's HTML page for a 5xx is a TelegramServerError like any other 5xx. A bot that has
        been logged out of this server is refused like one with an invalid token.
        """
        try:
            response = super().check_response(bot, method, status_code, content)
        except TelegramBadRequest as error:
            if error.message.removeprefix("Bad Request: ") != "Logged out":
                raise
            raise TelegramUnauthorizedError(method=method, message=error.message) from error
        except ClientDecodeError as error:
            if status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            message = f"HTTP {status_code} without an answer of the Bot API"
            raise TelegramServerError(method=method, message=message) from error
        if given := answer.get():
            given.body = content
        return response


class _Response(ClientResponse):
    """An answer of the Bot API, which is meant to be UTF-8."""

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        return await super().text(encoding or "utf-8", errors)


class TelegramSessions:
    """Both sessions: `calls` for every `Bot`, `polls` for getUpdates alone.

    `outages` knows for which bots Telegram is away: no turn of theirs is to begin.
    """

    def __init__(
        self, calls: FleetSession, polls: FleetSession, gates: Gates, pace: Pace, moves: Moves
    ) -> None:
        self.calls = calls
        self.polls = polls
        self.outages = Outages(self._probe)
        self.gates = gates
        self.pace = pace
        self.moves = moves

    def flood_wait(self, bot_id: int) -> float:
        """Return for how many seconds Telegram wants no calls of the bot; 0.0 if it may call.

        A single chat's, or a method's, flood control is not meant: the bot goes on without it.
        """
        return self.gates.seconds_left(Gate(bot_id))

    async def _probe(self, bot: Bot) -> object:
        # Past the gates, and past the calls that hang: those hold connections of the other session.
        return await self.polls(bot, GetMe(), timeout=PROBE_TIMEOUT)

    async def close(self) -> None:
        """Close both for good, in about 0.25 s; a second time does nothing."""
        await asyncio.gather(self.calls.finish(), self.polls.finish())


def create_sessions(settings: Settings) -> TelegramSessions:
    """Make the sessions of one service. Connections are opened at the first call.

    `calls` notes what turns have done, follows groups to where they have moved, keeps the pace of
    chats, waits out flood control, gate by gate, and tries again what did not reach Telegram;
    `polls` does nothing of that: a poller has its own backoff.
    """
    api = TelegramAPIServer.from_base(
        settings.telegram_api_url, is_local=settings.telegram_api_local
    )
    route = Route.of(settings)
    gates, moves = Gates(), Moves()
    pace = Pace(Rates(settings.chat_rate, settings.chat_burst, settings.group_rate))
    limit = max(MIN_CALLS, CALLS_PER_TURN * settings.concurrency)
    calls = FleetSession(
        api=api,
        route=route,
        limit=limit,
        timeout=settings.call_timeout,
        upload_timeout=settings.upload_timeout,
    )
    calls.middleware(Noting(calls))
    calls.middleware(Following(moves))
    calls.middleware(FloodControl(gates, pace))
    calls.middleware(Retries())
    # 0: no limit, each polling bot has its own connection.
    polls = FleetSession(
        api=api, route=route, limit=0, timeout=POLL_TIMEOUT, upload_timeout=POLL_TIMEOUT
    )
    return TelegramSessions(calls, polls, gates, pace, moves)


def sends_file(value: object) -> bool:
    """Tell whether there is a file to upload in the parameters of a call, at any depth."""
    if isinstance(value, InputFile):
        return True
    if isinstance(value, BaseModel):
        # A keyboard holds no files, and may be the largest part by far.
        return any(
            sends_file(one)
            for name, one in fields_of(value).items()
            if type(one) not in NO_FILES and name != "reply_markup"
        )
    return isinstance(value, list) and any(map(sends_file, value))


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()
