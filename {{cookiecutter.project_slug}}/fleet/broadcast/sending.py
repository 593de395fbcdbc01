"""Sending a broadcast's message to one chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import CopyMessage, SendMessage, TelegramMethod

from fleet.bots.member import BotState, Member
from fleet.broadcast.parts import Result
from fleet.telegram.current import BROADCAST, TurnLost, current_turn
from fleet.telegram.outages import Outages, is_fault
from fleet.telegram.retries import never_arrived

if TYPE_CHECKING:
    from fleet.broadcast.parts import Part

METHODS: dict[str, type[TelegramMethod[Any]]] = {
    one.__api_method__: one for one in (SendMessage, CopyMessage)
}


class Sending:
    """One chat's turn to get the message: what the session asks and tells, as of a turn.

    Args:
        part: of which it is.
        chat: who gets it.
        owns: tells whether the chat's shard is still ours.
    """

    journal = None
    spare = BROADCAST

    def __init__(self, part: Part, chat: int, owns: Callable[[], bool]) -> None:
        self.part = part
        self.result: Result | None = None
        """What came of it; None, too, if the shard was lost: who holds it now counts the chat as
        uncertain."""
        self.rests = False
        """Whether it waits for flood control: then the chat surely has not got the message."""
        self._chat = chat
        self._is_out = False
        self._owns = owns

    def check(self) -> None:
        """Raise TurnLost if the shard is another's."""
        if not self._owns():
            raise TurnLost

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Entered for each try of the call."""
        self.check()
        self._is_out = True
        yield

    def park(self, bot_id: int, seconds: float) -> bool:
        """Refuse to go back until a gate opens: the chat keeps its place."""
        del bot_id, seconds
        return False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Entered while the call waits at a gate."""
        self.rests, self._is_out = True, False
        try:
            yield
        finally:
            self.rests = False

    def cancelled(self) -> None:
        """Note the result of one that was cancelled, perhaps before it has begun."""
        if self.result is None and self._owns():
            self.result = Result(self._chat, "uncertain" if self._is_out else "back")

    async def run(self, member: Member, message: dict[str, Any], outages: Outages) -> None:
        """Send it, however long flood control takes; note the result."""
        current_turn.set(self)
        try:
            self.result = await self._send(member, message, outages)
        except Exception as error:  # noqa: BLE001 - such as a message that aiogram cannot send
            self.result = Result(self._chat, "failed", f"{type(error).__name__}: {error}")

    async def _send(self, member: Member, message: dict[str, Any], outages: Outages) -> Result:
        while True:
            try:
                if await outages.is_away(member.bot):
                    return Result(self._chat, "back")
                await member.bot(_call(message, self._chat))
            except TelegramRetryAfter as error:
                with self.waiting():
                    await asyncio.sleep(error.retry_after)
            except (TelegramAPIError, ClientDecodeError) as error:
                return await self._judge(error, member, outages)
            else:
                return Result(self._chat, "sent")

    async def _judge(
        self, error: TelegramAPIError | ClientDecodeError, member: Member, outages: Outages
    ) -> Result:
        """Tell what an error means for the chat."""
        if isinstance(error, TelegramForbiddenError):
            return Result(self._chat, "blocked", error.message)
        if isinstance(error, TelegramUnauthorizedError | TelegramNotFound):
            _refuse(member, error)
            return Result(self._chat, "back")
        if not is_fault(error):
            return Result(self._chat, "failed", error.message)
        self._is_out = not never_arrived(error.__cause__)
        try:  # so that not one chat after the other becomes uncertain while Telegram is away
            await outages.is_away(member.bot, suspected=True)
        except (TelegramUnauthorizedError, TelegramNotFound) as refusal:
            _refuse(member, refusal)
        return Result(self._chat, "uncertain" if self._is_out else "back")


def _call(message: dict[str, Any], chat: int) -> TelegramMethod[Any]:
    return METHODS[message["method"]].model_validate({**message["params"], "chat_id": chat})


def _refuse(member: Member, error: TelegramAPIError) -> None:
    member.enter(BotState.UNAUTHORIZED, f"Telegram refuses the token: {error.message}")
