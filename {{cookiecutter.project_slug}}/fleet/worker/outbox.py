"""What the next call of work carries to Redis besides the turns that begin."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from fleet.inbox import EndedTurn, Outcome, Turn
from fleet.inbox.mailboxes import Work
from fleet.shards.holder import Held, Holder

ENDED_AT_ONCE = 40
"""Turns that have ended that one call carries: more would hold Redis up for everybody."""


class Outbox:
    """Gathers it until the call is made, and keeps it until the call has succeeded.

    Args:
        holder: the shards; what belongs to one that is another's now is dropped.
        on_more: called when something was put in.
    """

    def __init__(self, holder: Holder, on_more: Callable[[], None]) -> None:
        self._holder = holder
        self._on_more = on_more
        self._ended: list[tuple[Held, EndedTurn]] = []
        self._noting: dict[Turn, Held] = {}
        self._rung: set[int] = set()
        self._look: set[int] = set()
        self._looked: set[int] = set()
        self.look_at = math.inf
        """When the next timer that is known is due, by the monotonic clock."""
        self._noted: list[tuple[Turn, int]] = []
        self._carried: tuple[list[tuple[Held, EndedTurn]], dict[Turn, Held], set[int]]

    def end(self, held: Held, ended: EndedTurn) -> None:
        """Hand in a turn that has ended."""
        self._ended.append((held, ended))
        self._on_more()

    def note(self, held: Held, turn: Turn) -> None:
        """Have the journal of a turn grow."""
        self._noting[turn] = held
        self._on_more()

    def ring(self, shards: Iterable[int]) -> None:
        """Ask for the news of shards."""
        self._rung.update(shards)
        self._on_more()

    def look(self, shards: Iterable[int]) -> None:
        """Ask for the news of shards, and for timers that are due."""
        self._look.update(shards)
        self._on_more()

    def look_by(self, held: Held, seconds: float) -> None:
        """Look for timers of a shard when so many seconds are over."""
        held.look_at = min(held.look_at, time.monotonic() + seconds)
        self.look_at = min(self.look_at, held.look_at)

    def collect(self) -> defaultdict[Held, Work]:
        """Give what there is now, shard by shard. Then comes `succeeded` or `failed`."""
        ended, later = self._ended[:ENDED_AT_ONCE], self._ended[ENDED_AT_ONCE:]
        _, noting, rung = self._carried = ended, self._noting, self._rung
        self._ended, self._noting, self._rung = later, {}, set()
        if later:
            self._on_more()
        held_now = self._holder.held
        work: defaultdict[Held, Work] = defaultdict(Work)
        over = set()
        for held, one in ended:
            if self._owns(held):
                work[held].ended.append(one)
            if one.outcome is not Outcome.BACK:
                over.add(one.turn)
        # Nobody will ask for the journal of a turn whose end goes along.
        for turn, held in noting.items():
            if turn not in over and self._owns(held):
                work[held].notes.append(turn)
        self._noted = [(turn, len(turn.notes)) for turn in noting]
        for shard in rung & held_now.keys():
            work[held_now[shard]]  # its news alone
        self._looked = set()
        if self._look or self.look_at <= time.monotonic():
            self._look_for_timers(work)
        return work

    def _look_for_timers(self, work: defaultdict[Held, Work]) -> None:
        wanted, self._look, self.look_at = self._look, set(), math.inf
        now = time.monotonic()
        for held in self._holder.held.values():
            if held.shard in wanted or held.look_at <= now:
                work[held].look = True
                held.look_at = math.inf
                self._looked.add(held.shard)
            self.look_at = min(self.look_at, held.look_at)

    def succeeded(self) -> None:
        """Forget what the last call has carried."""
        for turn, count in self._noted:
            del turn.notes[:count]

    def failed(self) -> None:
        """Take back what it should have carried."""
        ended, noting, rung = self._carried
        self._ended = ended + self._ended
        self._noting = noting | self._noting
        self._rung |= rung
        self._look |= self._looked

    def _owns(self, held: Held) -> bool:
        return self._holder.held.get(held.shard) is held
