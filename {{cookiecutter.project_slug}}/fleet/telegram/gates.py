"""Gates: shut where Telegram has said "retry after", for the calls that it was said of."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramRetryAfter

from fleet.telegram.current import current_turn

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

# Seconds that a call waits at a gate. A group may get 20 messages a minute: so long, and no longer,
# it can take until the next one.
LONGEST_WAIT = 60.0
# Refusals of one call after which it waits no more: who goes on is shut out for longer and longer.
MOST_REFUSALS = 3
# So many chats of a bot under flood control within so many seconds: it is the bot that is meant.
MANY_CHATS = 3
SOON = 10.0

log = structlog.get_logger(__name__)


class GateShut(TelegramRetryAfter):
    """A call of ours that would have to wait at a gate for longer than calls do.

    Attributes:
        bot_id: whose call it was.
        is_methods: the gate is that of a method that names no chat: nobody else waits for it.
    """

    def __init__(
        self, bot: Bot, method: TelegramMethod[Any], seconds: float, *, is_methods: bool
    ) -> None:
        super().__init__(method, "flood control", math.ceil(seconds))
        self.bot_id = bot.id
        self.is_methods = is_methods


class Gate(NamedTuple):
    """Which calls it is about: of a chat, of a method if it names no chat, or all of a bot."""

    bot_id: int
    chat: str | None = None
    method: str | None = None

    @classmethod
    def of(cls, bot_id: int, method: TelegramMethod[Any]) -> Gate:
        """Give the one on the way of a call."""
        chat = getattr(method, "chat_id", None)
        if chat is None:
            return cls(bot_id, method=method.__api_method__)
        return cls(bot_id, chat=str(chat))


class Gates:
    """Which gates are shut, and for how long, in this process."""

    def __init__(self) -> None:
        self._open_at: dict[Gate, float] = {}
        self._shut_at: dict[Gate, float] = {}

    def shut(self, gate: Gate, seconds: float) -> None:
        """Shut it for so many seconds from now, or longer if told so before.

        Of several chats within a short time the last one shuts the whole bot's gate, too.
        """
        now = asyncio.get_running_loop().time()
        self._open_at = {one: at for one, at in self._open_at.items() if at > now}
        self._shut_at = {one: at for one, at in self._shut_at.items() if at > now - SOON}
        if gate not in self._open_at:
            log.warning("flood control", **gate._asdict(), retry_after=seconds)
        self._open_at[gate] = max(now + seconds, self._open_at.get(gate, 0.0))
        if gate.chat is not None:
            self._shut_at[gate] = now
            if sum(one.bot_id == gate.bot_id for one in self._shut_at) >= MANY_CHATS:
                self.shut(Gate(gate.bot_id), seconds)

    def seconds_left(self, gate: Gate) -> float:
        """Return for how many seconds it is still shut; 0.0 if it is open."""
        return max(0.0, self._open_at.get(gate, 0.0) - asyncio.get_running_loop().time())


class FloodControl(BaseRequestMiddleware):
    """Has calls wait at their gates.

    Raises GateShut instead of a wait longer than `LONGEST_WAIT`, and after `MOST_REFUSALS`.
    """

    def __init__(self, gates: Gates) -> None:
        self._gates = gates

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make one call of a bot when its gates let it through."""
        own, whole = Gate.of(bot.id, method), Gate(bot.id)
        refusals = 0
        while True:
            while left := max(self._gates.seconds_left(own), self._gates.seconds_left(whole)):
                if left > LONGEST_WAIT or refusals == MOST_REFUSALS:
                    is_methods = own.chat is None and not self._gates.seconds_left(whole)
                    raise GateShut(bot, method, left, is_methods=is_methods)
                turn = current_turn.get()
                with turn.waiting() if turn else contextlib.nullcontext():
                    await asyncio.sleep(left)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                refusals += 1
                self._gates.shut(own, error.retry_after)
