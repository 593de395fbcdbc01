"""Gates: shut where Telegram has said "retry after", for the calls that it was said of."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramRetryAfter

from fleet.telegram.current import TurnParked, current_turn
from fleet.telegram.gate import Gate
from fleet.telegram.pace import MINUTE, Pace, messages_in

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

    from fleet.telegram.current import CurrentTurn

# Seconds that a call waits at a gate. If it is longer, its turn goes back until the gate opens; if
# it is the bot's own gate, no turn of the bot begins until then.
SHORT_WAIT = 5.0
# Seconds that one waits which cannot go back: for the pace of a group, however low, too.
LONGEST_WAIT = MINUTE
# Refusals of one call after which it waits no more: who goes on is shut out for longer and longer.
MOST_REFUSALS = 3
# So many chats of a bot under flood control within so many seconds: it is the bot that is meant.
MANY_CHATS = 3
SOON = 10.0

log = structlog.get_logger(__name__)


class GateShut(TelegramRetryAfter):
    """A call of ours that would have to wait at a gate for longer than calls do."""

    def __init__(self, method: TelegramMethod[Any], seconds: float) -> None:
        super().__init__(method, "flood control", math.ceil(seconds))


class Gates:
    """Which gates are shut, and for how long, as far as this process knows."""

    def __init__(self) -> None:
        self.were_shut = asyncio.Event()
        """Set while there are some of which `take_news` has not told yet."""
        self._open_at: dict[Gate, float] = {}
        self._shut_at: dict[Gate, float] = {}
        self._news: set[Gate] = set()

    def shut(self, gate: Gate, seconds: float) -> None:
        """Shut it for so many seconds from now, or longer if told so before.

        Of several chats within a short time the last one shuts the whole bot's gate, too.
        """
        now = self._forget_open()
        if gate not in self._open_at:
            log.warning("flood control", **gate._asdict(), retry_after=seconds)
        self._open_at[gate] = max(now + seconds, self._open_at.get(gate, 0.0))
        self.tell_again([gate])
        if gate.chat is not None:
            self._shut_at[gate] = now
            if sum(one.bot_id == gate.bot_id for one in self._shut_at) >= MANY_CHATS:
                self.shut(Gate(gate.bot_id), seconds)

    def seconds_left(self, gate: Gate) -> float:
        """Return for how many seconds it is still shut; 0.0 if it is open."""
        open_at = self._open_at.get(gate)
        # Nearly all are open, and Python 3.11 asks the system whenever it is asked for its loop.
        return max(0.0, open_at - asyncio.get_running_loop().time()) if open_at else 0.0

    def shut_now(self) -> dict[Gate, float]:
        """Tell which are shut, and for how many seconds."""
        return {gate: left for gate in self._open_at if (left := self.seconds_left(gate))}

    def take_news(self) -> dict[Gate, float]:
        """Tell the same of those that were shut here and of which this has not told yet."""
        news, self._news = self._news, set()
        self.were_shut.clear()
        return {gate: self.seconds_left(gate) for gate in news}

    def tell_again(self, gates: Iterable[Gate]) -> None:
        """Have `take_news` tell of them."""
        self._news.update(gates)
        self.were_shut.set()

    def hear(self, gates: Mapping[Gate, float]) -> None:
        """Note which all replicas together have shut, and for how many seconds."""
        now = self._forget_open()
        for gate, seconds in gates.items():
            self._open_at[gate] = max(now + seconds, self._open_at.get(gate, 0.0))

    def _forget_open(self) -> float:
        now = asyncio.get_running_loop().time()
        self._open_at = {one: at for one, at in self._open_at.items() if at > now}
        self._shut_at = {one: at for one, at in self._shut_at.items() if at > now - SOON}
        return now


class FloodControl(BaseRequestMiddleware):
    """Has calls wait at their gates, and keep the pace of their chats.

    What only shows that the bot is busy is not made while others wait. Instead of a wait longer
    than `SHORT_WAIT`, the turn goes back until it is over. Where it cannot, that is at the gate of
    a method, for another bot, and outside of turns, GateShut is raised instead of a wait longer
    than `LONGEST_WAIT`, and after `MOST_REFUSALS`.
    """

    def __init__(self, gates: Gates, pace: Pace) -> None:
        self._gates = gates
        self._pace = pace

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make one call of a bot when its gates let it through."""
        own, whole = Gate.of(bot.id, method), Gate(bot.id)
        count, turn = messages_in(method), current_turn.get()
        refusals = 0
        while True:
            while left := await self._left(own, whole, count, turn):
                if count == 0:
                    # What aiogram's own `make_request` returns, whatever its type says.
                    return cast("Response[TelegramType]", True)  # noqa: FBT003 - so it is typed
                is_methods = own.chat is None and not self._gates.seconds_left(whole)
                if left > SHORT_WAIT and turn and not is_methods and turn.park(bot.id, left):
                    raise TurnParked
                if left > LONGEST_WAIT or refusals == MOST_REFUSALS:
                    raise GateShut(method, left)
                with turn.waiting() if turn else contextlib.nullcontext():
                    await asyncio.sleep(left)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                refusals += 1
                self._gates.shut(own, error.retry_after)

    async def _left(
        self, own: Gate, whole: Gate, count: int | None, turn: CurrentTurn | None
    ) -> float:
        """Return for how many seconds a call must wait; 0.0 if it is to be made now."""
        left = max(self._gates.seconds_left(own), self._gates.seconds_left(whole))
        if left or own.chat is None or count is None:
            return left
        return await self._pace.take(own.bot_id, own.chat, count, turn.spare if turn else 0)
