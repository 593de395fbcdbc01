"""The turns that run."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from fleet.bots.member import Member
from fleet.inbox import EndedTurn, Outcome, Turn
from fleet.inbox.conversation import without_lane
from fleet.overlay import Overlay
from fleet.schedule.places import Places
from fleet.shards.holder import Held, Holder
from fleet.telegram.current import TurnLost
from fleet.turn import TurnBack
from fleet.turn.running import Grip
from fleet.worker.ends import MOST_BACKS, back, dead
from fleet.worker.outbox import Outbox

CANCEL_GRACE = 1.0
"""Seconds that a cancelled turn has to end."""
AT_ONCE = 8
"""Turns that start in one round of the event loop. A hundred at once would keep all bots' polls
waiting, so that more comes at once next time, too."""
LEFT_AFTER = 2
"""A turn is left to itself when it has gone on for so many times HANDLER_TIMEOUT."""

log = structlog.get_logger(__name__)


class Take(Protocol):
    """See `fleet.turn.TurnTaker.take`."""

    async def __call__(
        self,
        member: Member,
        turn: Turn,
        overlay: Overlay,
        grip: Grip,
        /,
    ) -> None: ...


@dataclass(eq=False, slots=True)
class InHand:
    """A turn that runs. It is its own `Grip`."""

    turn: Turn
    held: Held
    hands: "Hands"
    task: asyncio.Task[None] | None = None
    runs_since: float = field(default_factory=time.monotonic)
    """The time that it waited at gates is left out."""
    waits_since: float | None = None
    """At a gate, without a place."""
    is_over: bool = False
    """It was cancelled for good: there is no other turn of its update."""

    @property
    def seconds(self) -> float:
        """For how long it has run."""
        return (self.waits_since or time.monotonic()) - self.runs_since

    def is_ours(self) -> bool:
        return self.hands.has(self)

    def wait(self, *, waits: bool) -> None:
        self.hands.note_wait(self, waits=waits)

    def note(self) -> None:
        self.hands.outbox.note(self.held, self.turn)

    async def cancel_others(self) -> None:
        await self.hands.cancel_others(self)


class Hands:
    """Runs turns and takes them away.

    Args:
        holder: tells whether a shard is still held.
        places: what each turn takes one of before it comes here.
        take: gives an update its turn; returns when it is over.
        new_overlay: makes what holds back the state writes of a turn.
        timeout: HANDLER_TIMEOUT.
        outbox: gets each turn that has ended, once, and what turns have noted.
    """

    def __init__(
        self,
        holder: Holder,
        places: Places,
        take: Take,
        new_overlay: Callable[[], Overlay],
        timeout: float,
        outbox: Outbox,
    ) -> None:
        self.turns: dict[str, InHand] = {}
        """By conversation."""
        self.strays: set[asyncio.Task[None]] = set()
        """Handlers that go on although their turns were taken away."""
        self._starting: deque[tuple[InHand, Member]] = deque()
        self._holder = holder
        self._places = places
        self._take = take
        self._new_overlay = new_overlay
        self._timeout = timeout
        self.outbox = outbox

    def start(self, held: Held, turn: Turn, member: Member) -> None:
        """Run a turn, for which a place was taken."""
        one = InHand(turn, held, self)
        self.turns[turn.conversation] = one
        if not self._starting:
            asyncio.get_running_loop().call_soon(self._start_some)
        self._starting.append((one, member))

    def start_all(self) -> None:
        """Let none of them wait any longer for its first step."""
        self._start_some(len(self._starting))

    def _start_some(self, most: int = AT_ONCE) -> None:
        for _ in range(min(most, len(self._starting))):
            one, member = self._starting.popleft()
            if self.turns.get(one.turn.conversation) is one:
                one.task = asyncio.create_task(self._run(member, one))
        if self._starting:
            asyncio.get_running_loop().call_soon(self._start_some)

    async def _run(self, member: Member, one: InHand) -> None:
        turn, overlay = one.turn, self._new_overlay()
        try:
            await self._take(member, turn, overlay, one)
        except TurnBack as reason:
            if turn.backs >= MOST_BACKS:
                ended = dead(turn, reason)
            else:
                log.info("the turn is to be begun again", reason=reason.reason)
                ended = back(turn, reason.seconds)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            cancelled_by_us = isinstance(error, TurnLost) or (task and task.cancelling())
            ended = back(turn, 0.0) if cancelled_by_us else dead(turn, error)
        except BaseException as error:  # noqa: BLE001 - not even one that calls sys.exit does harm
            ended = dead(turn, error)
        else:
            ended = EndedTurn(turn, Outcome.DONE)
        if one.is_over and ended.outcome is Outcome.BACK:
            ended = EndedTurn(turn, Outcome.DONE)
        if ended.outcome is not Outcome.BACK:
            ended.writes, ended.timers = overlay.seal(), overlay.ordered
            ended.on_written = overlay.close
        else:
            overlay.close()
        if not self._end(one, ended):
            overlay.close()  # what it has written is for nobody

    def has(self, one: InHand) -> bool:
        """Tell whether this replica may still act for a turn."""
        return self.turns.get(one.turn.conversation) is one and self._holder.owns(one.held)

    def note_wait(self, one: InHand, *, waits: bool) -> None:
        """Note that a turn waits at a gate, or goes on."""
        if self.turns.get(one.turn.conversation) is not one:
            return
        if waits:
            one.waits_since = time.monotonic()
            self._places.wait(one.turn.bot_id)
        elif one.waits_since is not None:
            one.runs_since += time.monotonic() - one.waits_since
            one.waits_since = None
            self._places.wait_no_more(one.turn.bot_id)
            self._places.take(one.turn.bot_id)

    def _end(self, one: InHand, ended: EndedTurn) -> bool:
        """Hand it in, unless the turn was taken away before."""
        if self.turns.get(one.turn.conversation) is not one:
            return False
        self._let_go(one)
        self.outbox.end(one.held, ended)
        return True

    def _let_go(self, one: InHand) -> None:
        del self.turns[one.turn.conversation]
        if one.waits_since is None:
            self._places.give_back(one.turn.bot_id)
        else:
            self._places.wait_no_more(one.turn.bot_id)

    async def cancel_others(self, asking: InHand) -> None:
        """End the turns in the other lanes of a conversation. They are not begun again."""
        name = without_lane(asking.turn.conversation)
        others = [
            one
            for one in self.turns.values()
            if one is not asking and without_lane(one.turn.conversation) == name
        ]
        for one in others:
            one.is_over = True
        for task in await self._cancel(others, lambda turn: EndedTurn(turn, Outcome.DONE)):
            self._leave(task)

    async def put_back(self, some: Iterable[InHand]) -> None:
        """Cancel turns; they are begun again later, also those whose handlers do not listen."""
        chosen = list(some)
        if chosen:
            log.warning("turns go back into the inbox", count=len(chosen))
        await self._cancel(chosen, lambda turn: back(turn, 0.0))

    async def _cancel(
        self, some: Iterable[InHand], ended: Callable[[Turn], EndedTurn]
    ) -> list[asyncio.Task[None]]:
        """End turns, also those that do not within `CANCEL_GRACE`; returns what goes on of them."""
        tasks = []
        for one in some:
            if one.task:
                one.task.cancel()
                tasks.append((one, one.task))
            else:  # before it starts while others have their time
                self._end(one, ended(one.turn))
        if tasks:
            await asyncio.wait([task for _, task in tasks], timeout=CANCEL_GRACE)
        return [task for one, task in tasks if self._end(one, ended(one.turn))]

    def lose(self, held: Held) -> None:
        """Cancel the turns of a shard that is another's; their ends count no more."""
        for one in [one for one in self.turns.values() if one.held is held]:
            self.take_away(one)

    def take_away(self, one: InHand) -> None:
        """Cancel a turn that is no longer ours; its end counts no more."""
        self._let_go(one)
        if one.task:
            one.task.cancel()

    def leave_strays(self) -> None:
        """Take the turns away from handlers that have swallowed their cancellation."""
        for one in list(self.turns.values()):
            if one.seconds > LEFT_AFTER * self._timeout + CANCEL_GRACE and one.task:
                error = TimeoutError("the handler goes on although it was cancelled")
                self._end(one, dead(one.turn, error))
                one.task.cancel()
                self._leave(one.task)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self.strays.add(task)
        task.add_done_callback(self.strays.discard)
