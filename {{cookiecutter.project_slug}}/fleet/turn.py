"""One turn: an update through the dispatcher, and whose trouble it is when that fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from aiogram import Dispatcher
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import ErrorEvent, TelegramObject
from aiogram.utils.backoff import Backoff, BackoffConfig
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.redis.errors import describe, is_away

RETRY = BackoffConfig(min_delay=0.5, max_delay=10.0, factor=2.0, jitter=0.1)
"""Seconds between two tries of a turn that Redis or Telegram interrupted."""
TRIES = 3
"""Failures of a call in one turn, while Telegram answers, that count as the handler's fault."""
PROBE_TIMEOUT = 10
"""Seconds for the getMe that tells whether Telegram can be reached."""
INTERRUPTIONS = (TelegramNetworkError, TelegramServerError, ClientDecodeError)

log = structlog.get_logger(__name__)


class BotUnavailable(Exception):
    """The bot cannot work for now: its token is refused, or Telegram wants it to wait long."""


@dataclass(slots=True)
class _Try:
    last: bool
    error: Exception | None = None


class TurnTaker:
    """Feeds updates to the dispatcher.

    Args:
        dispatcher: the one of the fleet.
        timeout: seconds for one turn.
    """

    def __init__(self, dispatcher: Dispatcher, timeout: float) -> None:
        self._dispatcher = dispatcher
        self._timeout = timeout
        dispatcher.errors.outer_middleware(_note_error)

    async def take(self, member: Member, update: bytes) -> None:
        """Give an update its turn; return when it is over.

        While Redis or Telegram is away the turn is tried again and again, without an end.

        Raises:
            BotUnavailable: the update must wait until its bot can work again.
            Exception: whatever the handler raised, after aiogram's error handlers saw it;
                `TimeoutError` if it took too long; `pydantic.ValidationError` if aiogram cannot
                read the update.
        """
        raw = orjson.loads(update)
        structlog.contextvars.bind_contextvars(bot_id=member.id, update_id=raw.get("update_id"))
        backoff = Backoff(RETRY)
        tries = 1
        while True:
            try:
                await self._feed(member, raw, _Try(last=tries == TRIES))
            except RedisError as error:
                if not is_away(error):
                    raise
                log.warning("the turn is tried again", error=describe(error))
            except TelegramRetryAfter as error:
                raise BotUnavailable(error.message) from error
            except (TelegramUnauthorizedError, *INTERRUPTIONS) as error:
                if await _works(member):
                    if tries == TRIES:
                        raise
                    tries += 1
                log.warning("Telegram failed; the turn is tried again", error=str(error))
            else:
                return
            await backoff.asleep()

    async def _feed(self, member: Member, raw: dict[str, Any], attempt: _Try) -> None:
        async with asyncio.timeout(self._timeout):
            answer = await self._dispatcher.feed_raw_update(
                member.bot, raw, role=member.role, fleet_try=attempt
            )
            if isinstance(answer, TelegramMethod):
                await member.bot(answer)
        if attempt.error is not None:
            raise attempt.error


async def _note_error(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
    event: TelegramObject,
    data: dict[str, Any],
) -> Any:
    """Remember what a handler raised, also if an error handler takes care of it.

    Interruptions that will be tried again do not reach the error handlers: nobody needs an apology.
    """
    attempt = data.get("fleet_try")
    if isinstance(attempt, _Try) and isinstance(event, ErrorEvent):
        attempt.error = event.exception
        if isinstance(event.exception, RedisError) and is_away(event.exception):
            return UNHANDLED
        if isinstance(event.exception, INTERRUPTIONS) and not attempt.last:
            return UNHANDLED
    return await handler(event, data)


async def _works(member: Member) -> bool:
    """Tell whether Telegram answers this bot, so that a failed call is not for want of Telegram.

    Raises:
        BotUnavailable: it answers that the bot may not work.
    """
    try:
        await member.bot.get_me(request_timeout=PROBE_TIMEOUT)
    except TelegramUnauthorizedError as error:
        member.enter(BotState.UNAUTHORIZED, f"Telegram refuses the token: {error.message}")
        raise BotUnavailable(member.error) from error
    except TelegramRetryAfter as error:
        raise BotUnavailable(error.message) from error
    except INTERRUPTIONS:
        return False
    return True
