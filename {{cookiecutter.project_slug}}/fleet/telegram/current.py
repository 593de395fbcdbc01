"""Whose call it is: what the session asks of the turn that makes a call, and tells it."""

import asyncio
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Protocol

from aiogram.methods import TelegramMethod


class TurnLost(asyncio.CancelledError):
    """The turn belongs to another replica now: it must do nothing more.

    A cancellation, so that no handler takes it for an error of its own.
    """


class CurrentTurn(Protocol):
    """A turn, as the session sees it. When it is over, what it left running is nobody's turn."""

    def check(self) -> None:
        """Raise TurnLost if the turn is no longer ours; asked before each try of a call."""

    def waiting(self) -> AbstractContextManager[None]:
        """Entered for as long as a call waits at a gate, several times at once by several calls."""

    def carried_out(self, method: TelegramMethod[Any]) -> None:
        """Note a call that Telegram answered with success."""


current_turn: ContextVar[CurrentTurn | None] = ContextVar("current_turn", default=None)
"""The turn that this task works for, in the tasks that it started, too; None outside of turns."""
