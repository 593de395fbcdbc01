"""A turn while it runs: whose it is, what it has done, how long it may take."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from fleet.bots.member import Member
from fleet.inbox import turns
from fleet.overlay import Overlay
from fleet.telegram.current import REPLY, TIMER, TurnLost
from fleet.turn.errors import TurnBack
from fleet.turn.journal import Journal
from fleet.turn.turn import Turn

T = TypeVar("T")


class Grip(Protocol):
    """Who has the turn in hand."""

    def is_ours(self) -> bool:
        """Tell whether this replica may still act for the turn."""

    def wait(self, *, waits: bool) -> None:
        """Note that the turn begins to wait at a gate, and needs no place, or that it goes on; not
        that it ends while it waits."""

    def note(self) -> None:
        """Note that its journal has grown."""

    async def cancel_others(self) -> None:
        """End the turns in the other lanes of its conversation."""


class RunningTurn:
    """The `CurrentTurn` that the session sees.

    Args:
        member: whose update it handles.
        turn: the update.
        overlay: holds what it writes to states and timers.
        grip: has it in hand.
    """

    def __init__(self, member: Member, turn: turns.Turn, overlay: Overlay, grip: Grip) -> None:
        self.member = member
        self.turn = turn
        self.overlay = overlay
        self.grip = grip
        self.error: Exception | None = None
        """What the handler raised; an error handler may have raised something else after that."""
        self.back: TurnBack | None = None
        """Why the turn is to be begun again, if it is."""
        self.left_out = False
        """Whether nothing is to be done for the update but to tell its user."""
        self._journal = Journal(turn.noted, turn.notes, grip.note)
        self._over = False
        self._calls = 0
        self._answered = asyncio.Event()
        self._waiting = 0
        self._waits_since = 0.0
        self._limits: list[asyncio.Timeout] = []
        self._ends: dict[asyncio.Timeout, float | None] = {}

    @property
    def spare(self) -> int:
        return REPLY if self.turn.update_id >= 0 else TIMER

    @property
    def journal(self) -> Journal | None:
        return None if self._over else self._journal

    def park(self, bot_id: int, seconds: float) -> bool:
        """Have it go back. Returns False if it cannot: see `CurrentTurn`."""
        if self._over or bot_id != self.member.id or self._journal.is_full:
            return False
        self.back = TurnBack("flood control", seconds=seconds)
        return True

    def check(self) -> None:
        """Raise TurnLost if it is no longer ours, or goes back: its tasks may outlive it."""
        if self.back or not (self._over or self.grip.is_ours()):
            raise TurnLost

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Entered for each try of a call, and for what is done once; raises as `check` does."""
        self.check()
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._answered.set()

    async def all_answered(self) -> None:
        """Wait for what is on its way: it would be repeated if it were not noted."""
        while self._calls:
            self._answered.clear()
            await self._answered.wait()

    def handle(self) -> Turn:
        """Give what its handler gets."""
        return Turn(self.turn, self._journal, self.calling, self.grip.cancel_others)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Stop the clock of the turn while one of its calls waits at a gate."""
        if not self._waiting:
            self._pause()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._resume()

    async def within(self, seconds: float, work: Awaitable[T]) -> T:
        """Give what `work` gives. Cancels it after so many seconds, waits at gates not counted.

        Raises TimeoutError then.
        """
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                self._limits.append(limit)
                return await work
        except TimeoutError as error:
            if limit.expired():
                raise TimeoutError(f"not over in {seconds:g} s, see HANDLER_TIMEOUT") from error
            raise
        finally:
            self._limits.remove(limit)

    def end(self) -> None:
        """Let go of what it left running: a call of a background task is no turn's any more."""
        self._over = True

    def _pause(self) -> None:
        self._waits_since = asyncio.get_running_loop().time()
        self._ends = {limit: limit.when() for limit in self._limits if not limit.expired()}
        for limit in self._ends:
            limit.reschedule(None)
        self._tell(is_waiting=True)

    def _resume(self) -> None:
        waited = asyncio.get_running_loop().time() - self._waits_since
        for limit, end in self._ends.items():
            if limit in self._limits and end is not None:
                limit.reschedule(end + waited)
        self._tell(is_waiting=False)

    def _tell(self, *, is_waiting: bool) -> None:
        if not self._over:
            self.grip.wait(waits=is_waiting)
