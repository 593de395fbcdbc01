"""One turn: an update through the dispatcher, and whose trouble it is when that fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import orjson
import structlog
from aiogram import Dispatcher
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import ErrorEvent, TelegramObject
from aiogram.utils.backoff import Backoff, BackoffConfig
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.bots.role import role_data
from fleet.inbox.conversation import conversation_of
from fleet.overlay import Overlay
from fleet.redis.errors import describe, is_away

RETRY = BackoffConfig(min_delay=0.5, max_delay=10.0, factor=2.0, jitter=0.1)
"""Seconds between two tries of a turn that Redis or Telegram interrupted."""
TRIES = 3
"""Failures of a call in one turn, while Telegram answers, that count as the handler's fault."""
PROBE_TIMEOUT = 10
"""Seconds for the getMe that tells whether Telegram can be reached."""
INTERRUPTIONS = (TelegramNetworkError, TelegramServerError, ClientDecodeError)

log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What an error handler can say of an error by returning it."""

    SETTLED = "settled"
    """It is dealt with: the update is over, nothing is logged, and no dead letter is kept."""


SETTLED: Final = Verdict.SETTLED


class BotUnavailable(Exception):
    """The bot cannot work for now: its token is refused, or Telegram wants it to wait long."""


@dataclass(slots=True)
class _Try:
    overlay: Overlay
    last: bool
    error: Exception | None = None
    """What the handler raised; an error handler may have raised something else after that."""


class TurnTaker:
    """Feeds updates to the dispatcher.

    Args:
        dispatcher: the one of the fleet.
        redis: where the states are that change with a turn.
        timeout: seconds for one turn.
    """

    def __init__(self, dispatcher: Dispatcher, redis: Redis, timeout: float) -> None:
        self._dispatcher = dispatcher
        self._redis = redis
        self._timeout = timeout
        # First of all: the middlewares that are there, too, see states as they were.
        errors = dispatcher.errors.outer_middleware
        others = list(errors)
        for other in others:
            errors.unregister(other)
        for middleware in (_note_error, *others):
            errors.register(middleware)

    async def take(self, member: Member, update: bytes) -> None:
        """Give an update its turn; return when it is over.

        While Redis or Telegram is away the turn is tried again and again, without an end. It is
        over, too, when an error handler says that the error is settled, and when the handler's
        call was refused because the chat or user that the update is from has shut the bot out.

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
                await self._try(member, raw, _Try(Overlay(self._redis), last=tries == TRIES))
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

    async def _try(self, member: Member, raw: dict[str, Any], attempt: _Try) -> None:
        attempt.overlay.open()
        try:
            await self._feed(member, raw, attempt)
        except ExceptionGroup as group:
            error = _interruption(group)
            if error is group:
                raise
            raise error  # noqa: B904 - it has its own cause
        except TelegramForbiddenError as refusal:
            # An apology may be refused, too: what counts is what it was for.
            reason = refusal if attempt.error is None else attempt.error
            if not _is_shut_out(reason, raw):
                raise
            log.info("the chat has shut the bot out", error=refusal.message)
        finally:
            # For the second edition to take over: its end script has what `seal` gives.
            await attempt.overlay.commit()

    async def _feed(self, member: Member, raw: dict[str, Any], attempt: _Try) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._dispatcher.feed_raw_update(
                    member.bot, raw, fleet_try=attempt, **role_data(member.role)
                )
                if isinstance(answer, TelegramMethod):
                    await member.bot(answer)
        except BaseException as error:
            if error is not attempt.error:  # no error handler had the last word
                attempt.overlay.roll_back()
            raise
        if attempt.error is not None and answer is not SETTLED:
            raise attempt.error


async def _note_error(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
    event: TelegramObject,
    data: dict[str, Any],
) -> Any:
    """Remember what a handler raised, also if an error handler takes care of it.

    What it wrote to states is undone; what the error handlers write is kept. Interruptions that
    will be tried again do not reach the error handlers: nobody needs an apology.
    """
    attempt = data.get("fleet_try")
    if isinstance(attempt, _Try) and isinstance(event, ErrorEvent):
        attempt.error = event.exception
        attempt.overlay.roll_back()
        if _comes_again(event.exception, attempt):
            return UNHANDLED
    return await handler(event, data)


def _comes_again(error: Exception, attempt: _Try) -> bool:
    """Tell whether the turn is tried again after this error, whatever anybody says."""
    error = _interruption(error)
    if isinstance(error, RedisError):
        return is_away(error)
    if isinstance(error, (TelegramUnauthorizedError, *INTERRUPTIONS)):
        return not attempt.last
    return isinstance(error, TelegramRetryAfter)


def _interruption(error: Exception) -> Exception:
    """Give the first interruption in a group of errors, as a TaskGroup raises; else the error."""
    if not isinstance(error, ExceptionGroup):
        return error
    kinds = (RedisError, TelegramRetryAfter, TelegramUnauthorizedError, *INTERRUPTIONS)
    found: Exception = error.subgroup(kinds) or error
    while found is not error and isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    return found


def _is_shut_out(error: Exception, update: dict[str, Any]) -> bool:
    """Tell whether the chat or the user that the update is from refused a call.

    Any other chat is the handler's own idea, and what else it had to do is left undone.
    """
    if not isinstance(error, TelegramForbiddenError):
        return False
    chat = getattr(error.method, "chat_id", None)
    return str(chat) in conversation_of(0, update).split(":")[1:]


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
