"""The way of a turn through the dispatcher, and what handlers get there."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram import Dispatcher
from aiogram.dispatcher.event.bases import UNHANDLED, MiddlewareType
from aiogram.dispatcher.middlewares.error import ErrorsMiddleware
from aiogram.dispatcher.middlewares.manager import MiddlewareManager
from aiogram.dispatcher.middlewares.user_context import EVENT_CONTEXT_KEY, UserContextMiddleware
from aiogram.methods import TelegramMethod
from aiogram.types import ErrorEvent, TelegramObject

from fleet.overlay import TimerWrite
from fleet.turn.errors import LeftOut, TurnBack
from fleet.turn.jobs import Job, clockworks
from fleet.turn.running import RunningTurn
from fleet.turn.timers import Book, Timers
from fleet.turn.updates import OwnUpdate, Raw, context_data, read_update

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
WhyBack = Callable[[RunningTurn, Exception], Awaitable[TurnBack | None]]
"""Tells why a turn is to be begun again for an error, if it is."""

log = structlog.get_logger(__name__)


class Feeder:
    """Feeds updates to the dispatcher, whose handlers get `turn`, `timers` and `album`.

    Args:
        dispatcher: gets middlewares for that.
        book: the timers that are kept.
        timeout: seconds for what the handler does, and again for what error handlers do.
        why_back: asked about each error of a handler.
        now: what the time is for a bot, by its id.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        book: Book,
        timeout: float,
        why_back: WhyBack,
        now: Callable[[int], datetime] = lambda _: datetime.now(UTC),
    ) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._timeout = timeout
        self._why_back = why_back
        self._now = now
        # Where states and scenes learn whose the event is.
        _put_first(
            dispatcher.update.outer_middleware,
            self._add_context,
            after=(ErrorsMiddleware, UserContextMiddleware),
        )
        # Where error handlers hear of a time-out, and no middleware can hang outside of it.
        _put_first(dispatcher.update.outer_middleware, self._handle, after=ErrorsMiddleware)
        # The middlewares that are there, too, see states as they were.
        _put_first(dispatcher.errors.outer_middleware, self._note_error)

    async def feed(self, turn: RunningTurn, raw: Raw, data: Mapping[str, Any]) -> Any:
        """Have an update handled; what fails leaves nothing in the turn's overlay.

        Args:
            turn: its turn, whose `error` is set if the handler raises.
            raw: the update.
            data: what handlers get besides.

        Returns:
            What the handler or, if that has raised, an error handler has returned.

        Raises:
            Exception: what the handler or an error handler has raised and no error handler took;
                `pydantic.ValidationError` if aiogram cannot read the update.
        """
        bot = turn.member.bot
        try:
            update, album = read_update(bot, turn.turn.update_id, raw)
            turn.left_out = "left_out" in raw  # so `enter.lua` marks it
            if isinstance(update, OwnUpdate) and update.job:
                turn.overlay.next_job = self._order_next(update.job)
            answer = await self._dispatcher.feed_update(
                bot, update, fleet_turn=turn, turn=turn.handle(), album=album, **data
            )
            turn.check()  # a TaskGroup does not tell that a task of its own was cancelled
        except BaseException as error:
            if error is not turn.error:  # no error handler had the last word
                turn.overlay.roll_back()
            raise
        if isinstance(update, OwnUpdate) and answer is UNHANDLED:
            turn.overlay.next_job = None
            log.warning("no handler takes this", timer=str(update.timer), job=str(update.job))
        return answer

    def _order_next(self, job: Job) -> TimerWrite | None:
        found = clockworks(self._dispatcher).get(job.name)
        return found.order(job.bot_id, job.due, now=self._now(job.bot_id)) if found else None

    async def _handle(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        turn = data.get("fleet_turn")
        if not isinstance(turn, RunningTurn):  # a handler feeds an update of its own
            return await handler(event, data)
        if turn.left_out:
            raise LeftOut
        return await turn.within(self._timeout, _call_answer(handler, event, data))

    async def _add_context(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Tell the handlers whose timers these are, and a timer's whose state."""
        turn = data.get("fleet_turn")
        if isinstance(turn, RunningTurn):
            fired = None
            if isinstance(event, OwnUpdate):
                fired = event.timer.name if event.timer else None
                if event.context:
                    data.update(context_data(event.context))
            data["timers"] = Timers(
                turn.turn.conversation,
                data[EVENT_CONTEXT_KEY],
                turn.overlay,
                self._book,
                fired,
                self._now,
            )
        return await handler(event, data)

    async def _note_error(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Remember what a handler raised, also if an error handler takes care of it.

        What it wrote to states is undone; what the error handlers write is kept. What has the turn
        begun again does not reach them: nobody needs an apology.
        """
        turn = data.get("fleet_turn")
        if isinstance(turn, RunningTurn) and isinstance(event, ErrorEvent):
            turn.error = event.exception
            turn.overlay.roll_back()
            turn.back = turn.back or await self._why_back(turn, event.exception)
            if turn.back:
                return UNHANDLED
            return await turn.within(self._timeout, _call_answer(handler, event, data))
        return await handler(event, data)


async def _call_answer(handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Run a handler, and make the call that it returns, if it returns one."""
    answer = await handler(event, data)
    return await data["bot"](answer) if isinstance(answer, TelegramMethod) else answer


def _put_first(
    middlewares: MiddlewareManager, new: MiddlewareType[TelegramObject], *, after: Any = ()
) -> None:
    """Have it called before the others, except those of the type `after`."""
    inner = [one for one in middlewares if not isinstance(one, after)]
    for one in inner:
        middlewares.unregister(one)
    for one in (new, *inner):
        middlewares.register(one)
