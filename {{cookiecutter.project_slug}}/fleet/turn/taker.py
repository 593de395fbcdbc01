"""Taking a turn: who begins it, who ends it, and what is made of its errors."""

import asyncio
from collections.abc import Iterator

import orjson
import structlog
from aiogram import Dispatcher
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.bots.role import role_data
from fleet.inbox import turns
from fleet.inbox.timers import TimerBook
from fleet.overlay import Overlay
from fleet.redis.errors import describe, is_away
from fleet.telegram.current import current_turn
from fleet.telegram.outages import Outages, is_fault
from fleet.turn.errors import SETTLED, LeftOut, TurnBack
from fleet.turn.feeder import Feeder
from fleet.turn.moving import Moving
from fleet.turn.running import Grip, RunningTurn
from fleet.turn.updates import Raw, is_shut_out

log = structlog.get_logger(__name__)


class TurnTaker:
    """Feeds updates to the dispatcher.

    Args:
        dispatcher: the one of the fleet.
        outages: knows for which bots Telegram is away.
        book: the timers.
        is_sandbox: Telegram is a sandbox, whose clock can be moved.
        timeout: seconds for what the handler does, and again for what error handlers do.
        moving: has the conversations of a group go on in the supergroup that it becomes.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        outages: Outages,
        book: TimerBook,
        timeout: float,
        *,
        is_sandbox: bool = False,
        moving: Moving | None = None,
    ) -> None:
        self._feeder = Feeder(dispatcher, book, timeout, self._reason_to_go_back)
        self._outages = outages
        self._book = book
        self._is_sandbox = is_sandbox
        self._moving = moving

    async def take(
        self,
        member: Member,
        turn: turns.Turn,
        overlay: Overlay,
        grip: Grip,
    ) -> None:
        """Give an update its turn; return when it is over.

        It is over, too, when an error handler says that the error is settled, and when the
        handler's call was refused because the chat or user that the update is from has shut the
        bot out.

        Args:
            member: the bot that the update is for.
            turn: the update.
            overlay: gets what the turn writes to states and timers; the caller seals it when this
                is over.
            grip: who has the turn in hand.

        Raises:
            TurnBack: the turn is to be begun again, for Redis or Telegram was away as a whole, the
                bot's token is refused, or one of its gates is shut for long.
            TurnLost: it is no longer ours.
            Exception: whatever the handler raised, after aiogram's error handlers saw it;
                `TimeoutError` if it took too long; `pydantic.ValidationError` if aiogram cannot
                read the update.
        """
        overlay.know(turn.states, turn.asked_at)
        structlog.contextvars.bind_contextvars(bot_id=member.id, update_id=turn.update_id)
        if back := await self._hindrance(member):
            raise back
        raw = orjson.loads(turn.update)
        moving = self._moving
        if moving and moving.concerns(turn) and not await moving.prepare(turn, raw):
            return
        running = RunningTurn(member, turn, overlay, grip)
        token = current_turn.set(running)
        overlay.open()
        try:
            error = await self._failure(running, raw)
            if error and running.back is None and error is not running.error:  # that one is known
                running.back = await self._reason_to_go_back(running, error)
            if running.back:
                # Who gathers calls leaves some on their way when the first one fails.
                await running.all_answered()
                raise running.back from error
            if isinstance(error, TelegramForbiddenError):
                # An apology may be refused, too: what counts is what it was for.
                reason = running.error or error
                if is_shut_out(reason, raw):
                    log.info("the chat has shut the bot out", error=error.message)
                    return
                error = reason
            if error and not isinstance(error, LeftOut):
                raise error
        finally:
            running.end()
            current_turn.reset(token)

    async def _failure(self, turn: RunningTurn, raw: Raw) -> Exception | None:
        try:
            await self._feed(turn, raw)
        except asyncio.CancelledError:
            if turn.back is None:  # else it is parked
                raise
        except Exception as error:  # noqa: BLE001 - what is made of it is not said here
            return error
        return None

    async def _feed(self, turn: RunningTurn, raw: Raw) -> None:
        if isinstance(raw, dict) and self._is_sandbox and (clock := raw.get("clock")):
            await self._book.advance(turn.member.id, clock["advanced_by"])
            return
        answer = await self._feeder.feed(turn, raw, role_data(turn.member.role))
        if turn.error is not None and answer is not SETTLED:
            raise turn.error

    async def _reason_to_go_back(self, turn: RunningTurn, error: Exception) -> TurnBack | None:
        errors = list(_single(error))
        for one in errors:
            if isinstance(one, RedisError) and is_away(one):
                return TurnBack(describe(one))
        if any(is_fault(one) or isinstance(one, TelegramUnauthorizedError) for one in errors):
            return await self._hindrance(turn.member, suspected=True)
        return None

    async def _hindrance(self, member: Member, *, suspected: bool = False) -> TurnBack | None:
        """Tell why no turn of this bot can do anything now, if so."""
        try:
            if not await self._outages.is_away(member.bot, suspected=suspected):
                return None
        except (TelegramUnauthorizedError, TelegramNotFound) as error:
            reason = f"Telegram refuses the token: {error.message}"
            member.enter(BotState.UNAUTHORIZED, reason)
            return TurnBack(reason)
        return TurnBack("Telegram is away", seconds=self._outages.seconds_left(member.id))


def _single(error: Exception) -> Iterator[Exception]:
    """Give the errors in a group, as a TaskGroup raises, or the error itself."""
    if isinstance(error, ExceptionGroup):
        for one in error.exceptions:
            yield from _single(one)
    else:
        yield error
