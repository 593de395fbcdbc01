"""The one layer of retries: a call is tried again, shortly, if it surely did not arrive."""

from __future__ import annotations

import asyncio
import random
from contextvars import ContextVar
from typing import TYPE_CHECKING

from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramNetworkError
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

# Seconds before each further try. The first is short: often a kept connection is simply gone.
DELAYS: tuple[float, ...] = (0.1, 1.0, 4.0)

# Whether the current task's latest request opened a connection, instead of taking a kept one.
connection_is_new: ContextVar[bool] = ContextVar("connection_is_new", default=True)


class Retries(BaseRequestMiddleware):
    """Tries again what a fault kept from Telegram.

    All else may have been carried out: a time-out, a connection lost while waiting for the answer,
    an answer that cannot be read, a 5xx. Repeated, the user might get the message twice.
    """

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make one call of a bot, as often as it takes or makes sense."""
        for delay in DELAYS:
            connection_is_new.set(False)
            try:
                return await make_request(bot, method)
            except TelegramNetworkError as error:
                if not never_arrived(error.__cause__):
                    raise
            # Half to one and a half times: calls that failed together do not come back together.
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        return await make_request(bot, method)


def never_arrived(cause: BaseException | None) -> bool:
    """Tell whether the call surely did not reach Telegram.

    A kept connection that breaks before the first byte of an answer was closed by the other side
    while it was idle.
    """
    if isinstance(cause, ClientConnectorError | ConnectionTimeoutError):
        return True
    return (
        isinstance(cause, ClientOSError | ServerDisconnectedError) and not connection_is_new.get()
    )
