"""Which failed calls are tried again, and when."""

from __future__ import annotations

import asyncio
import math
import random
from contextvars import ContextVar
from typing import TYPE_CHECKING

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiohttp import (
    ClientConnectorError,
    ClientOSError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

log = structlog.get_logger(__name__)

# Seconds before each further try of a call that did not reach Telegram. The first is short: often a
# kept connection is simply gone.
NETWORK_DELAYS: tuple[float, ...] = (0.1, 1.0, 4.0)
# Seconds before each further try after a 5xx. Telegram may have acted on the first one, so few.
SERVER_DELAYS: tuple[float, ...] = (1.0, 3.0)

# Seconds of flood control that a call waits out. A longer one is raised as TelegramRetryAfter:
# the turn goes back into the inbox, and its place is free for other bots.
LONGEST_WAIT = 30.0

# Whether the current task's latest request opened a connection, instead of taking a kept one.
connection_is_new: ContextVar[bool] = ContextVar("connection_is_new", default=True)


class FloodGate:
    """Keeps the calls of a bot back while Telegram has told it to wait."""

    def __init__(self) -> None:
        self._opens_at: dict[int, float] = {}

    def shut(self, bot_id: int, seconds: float) -> None:
        """Keep the bot's calls back for so many seconds from now, or longer if told so before."""
        if not self.seconds_left(bot_id):
            log.warning("flood control", bot_id=bot_id, retry_after=seconds)
        opens_at = asyncio.get_running_loop().time() + seconds
        self._opens_at[bot_id] = max(opens_at, self._opens_at.get(bot_id, opens_at))

    def seconds_left(self, bot_id: int) -> float:
        """Return for how many seconds the bot's calls are still kept back; 0.0 if they are not."""
        opens_at = self._opens_at.get(bot_id)
        if opens_at is None:
            return 0.0
        left = opens_at - asyncio.get_running_loop().time()
        if left > 0:
            return left
        del self._opens_at[bot_id]
        return 0.0

    async def passed(self, bot_id: int) -> None:
        """Wait until calls of the bot are let through. Who waits bounds the time by cancelling."""
        while left := self.seconds_left(bot_id):  # noqa: ASYNC110 - time alone opens the gate
            await asyncio.sleep(left)


class Retries(BaseRequestMiddleware):
    """Tries again: after flood control, after 5xx, and when a fault kept the call from Telegram.

    Raises TelegramRetryAfter if flood control lasts longer than `LONGEST_WAIT`.
    A call that may have been carried out (a time-out, a connection lost while waiting for the
    answer) is not repeated, or the user would get the message twice.
    """

    def __init__(self, gate: FloodGate) -> None:
        self._gate = gate

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make one call of a bot, as often as it takes or makes sense."""
        tries = 0
        while True:
            if (left := self._gate.seconds_left(bot.id)) > LONGEST_WAIT:
                raise TelegramRetryAfter(method, "flood control", math.ceil(left))
            await self._gate.passed(bot.id)
            connection_is_new.set(False)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                self._gate.shut(bot.id, error.retry_after)
                continue
            except TelegramServerError:
                delays = SERVER_DELAYS
                if tries >= len(delays):
                    raise
            except TelegramNetworkError as error:
                delays = NETWORK_DELAYS
                if tries >= len(delays) or not _never_arrived(error.__cause__):
                    raise
            # Half to one and a half times: calls that failed together do not come back together.
            await asyncio.sleep(delays[tries] * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            tries += 1


def _never_arrived(cause: BaseException | None) -> bool:
    """Tell whether the call surely did not reach Telegram.

    A kept connection that breaks before the first byte of an answer was closed by the other side
    while it was idle.
    """
    if isinstance(cause, ClientConnectorError | ConnectionTimeoutError):
        return True
    return (
        isinstance(cause, ClientOSError | ServerDisconnectedError) and not connection_is_new.get()
    )
