"""A turn while it runs: whose it is, what it has done, how long it may take."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiogram.methods import SendChatAction, TelegramMethod

from fleet.bots.member import Member
from fleet.overlay import Overlay
from fleet.telegram.current import TurnLost
from fleet.turn.errors import TurnBack

T = TypeVar("T")


class RunningTurn:
    """The `CurrentTurn` that the session sees.

    Args:
        member: whose update it handles.
        overlay: holds what it writes to states.
        is_ours: tells whether this replica may still act for it.
        on_wait: called with True when the turn begins to wait at a gate, and needs no place, and
            with False when it goes on; not when it ends while it waits.
    """

    def __init__(
        self,
        member: Member,
        overlay: Overlay,
        is_ours: Callable[[], bool],
        on_wait: Callable[[bool], None],
    ) -> None:
        self.member = member
        self.overlay = overlay
        self.error: Exception | None = None
        """What the handler raised; an error handler may have raised something else after that."""
        self.back: TurnBack | None = None
        """Why the turn is to be begun again, if it is."""
        self.has_acted = False
        """Whether Telegram has carried out a call that would happen twice if it were."""
        self._is_ours = is_ours
        self._on_wait = on_wait
        self._over = False
        self._waiting = 0
        self._waits_since = 0.0
        self._limits: list[asyncio.Timeout] = []
        self._ends: dict[asyncio.Timeout, float | None] = {}

    def check(self) -> None:
        """Raise TurnLost if it is no longer ours."""
        if not self._over and not self._is_ours():
            raise TurnLost

    def carried_out(self, method: TelegramMethod[Any]) -> None:
        """Note a call that Telegram answered with success."""
        repeats_nothing = method.__api_method__.startswith("get")
        if not repeats_nothing and not isinstance(method, SendChatAction):
            self.has_acted = True

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
            self._on_wait(is_waiting)
