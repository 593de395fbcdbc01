"""Whose call it is: what the session asks of the turn that makes a call, and tells it."""

import asyncio
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Protocol


class TurnLost(asyncio.CancelledError):
    """The turn belongs to another replica now: it must do nothing more.

    A cancellation, so that no handler takes it for an error of its own.
    """


class TurnParked(asyncio.CancelledError):
    """The turn has gone back: a gate is shut for long. It is begun again when that opens.

    A cancellation, so that no handler takes it for an error of its own.
    """


REPLY, TIMER, BROADCAST = 0, 1, 2
"""Who goes first in a chat that gets as many messages as it may: see `CurrentTurn.spare`."""


class Notes(Protocol):
    """The journal of a turn, as the session sees it."""

    def recall(self, digest: bytes) -> bytes | None:
        """Give what the next such call was answered in an earlier turn, or None."""

    def note(self, digest: bytes, result: bytes) -> None:
        """Note a call that Telegram has answered with success."""


class CurrentTurn(Protocol):
    """A turn, as the session sees it. When it is over, what it left running is nobody's turn."""

    @property
    def spare(self) -> int:
        """Places in the pace of a chat that it leaves for those who go first."""

    @property
    def journal(self) -> Notes | None:
        """None when the turn is over."""

    def check(self) -> None:
        """Raise TurnLost if the turn is no longer ours, or goes back."""

    def calling(self) -> AbstractContextManager[None]:
        """Entered for each try of a call, several times at once by several calls; raises as `check`
        does."""

    def park(self, bot_id: int, seconds: float) -> bool:
        """Have the turn go back, and be begun again in so many seconds.

        Returns False if it cannot: it is over, or the call was not its own bot's, or it has done
        more than is noted.
        """

    def waiting(self) -> AbstractContextManager[None]:
        """Entered for as long as a call waits at a gate, several times at once by several calls."""


current_turn: ContextVar[CurrentTurn | None] = ContextVar("current_turn", default=None)
"""The turn that this task works for, in the tasks that it started, too; None outside of turns."""
