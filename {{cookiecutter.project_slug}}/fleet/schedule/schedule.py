"""Which conversation has the next turn."""

import heapq
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from fleet.schedule.places import Places

MOST_KNOWN = 1000
"""Conversations of one bot that wait here. Of more, Redis knows."""
ALONE_FOR = 5.0
"""Seconds for which a suspect's turn is the only one of its kind. If its process dies while others
are in hand, they are blamed, too."""
MOST_READ = 200
"""Bots of which is told at once that more is to be read."""
REST_LOOK = 0.5
"""Seconds between two looks at bots that rest: thousands of them must not cost each tick."""


@dataclass(eq=False, slots=True)
class Waiting:
    """A conversation that has mail."""

    name: str
    shard: int
    bot_id: int
    deaths: int = 0
    """How many processes died in the turns of the update at its head."""
    backs: int = 0
    """How often these went back for another reason."""

    @property
    def is_plain(self) -> bool:
        """Whether Redis knows all there is to know of it."""
        return not (self.deaths or self.backs)


class Schedule:
    """Bot after bot, one conversation each, so that a long queue of one does not delay the others.

    What waits for a bot that cannot work is not kept here and costs nothing: it is read from Redis
    when the bot can.

    Args:
        places: how many turns may be in hand.
        can_work: tells whether a bot's turns may begin.
        suspect_from: deaths from which on a turn is a suspect: it begins while no other one does.
    """

    def __init__(self, places: Places, can_work: Callable[[int], bool], suspect_from: int) -> None:
        self._places = places
        self._can_work = can_work
        self._suspect_from = suspect_from
        self._known: set[str] = set()
        self._queues: dict[int, deque[Waiting]] = {}
        self._rota: deque[int] = deque()
        self._suspects: deque[Waiting] = deque()
        self._alone: str | None = None
        self._alone_until = 0.0
        self._later: list[tuple[float, int, Waiting]] = []
        self._number = 0
        self._more: defaultdict[int, set[int]] = defaultdict(set)
        self._to_read: set[int] = set()
        self._resting: set[int] = set()
        self._look_at = 0.0
        self._closed: dict[int, list[Waiting]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def add(self, one: Waiting, delay: float = 0.0) -> None:
        """Let a conversation wait for its next turn, which begins in `delay` seconds or later."""
        if one.name in self._known:
            return
        queue = self._queues.get(one.bot_id)
        is_full = queue is not None and len(queue) >= MOST_KNOWN
        if one.is_plain and (is_full or one.bot_id in self._resting):
            self._more[one.bot_id].add(one.shard)
            return
        self._known.add(one.name)
        if delay > 0:
            self._number += 1
            heapq.heappush(self._later, (time.monotonic() + delay, self._number, one))
        else:
            self._add_ready(one)

    def _add_ready(self, one: Waiting) -> None:
        if one.shard in self._closed:
            self._closed[one.shard].append(one)
        elif one.deaths >= self._suspect_from:
            self._suspects.append(one)
        else:
            queue = self._queues.get(one.bot_id)
            if queue is None:
                queue = self._queues[one.bot_id] = deque()
                if one.bot_id not in self._resting:
                    self._rota.append(one.bot_id)
            queue.append(one)

    def take(self) -> Waiting | None:
        """Give the conversation whose turn begins now, with a place taken for it."""
        if self._places.free <= 0:
            return None
        if one := self._take_suspect():
            return one
        for _ in range(len(self._rota)):
            bot_id = self._rota.popleft()
            queue = self._queues.get(bot_id)
            if not queue:  # its shards were closed
                self._drop_queue(bot_id)
            elif not self._can_work(bot_id):
                self._rest(bot_id)
            elif not self._places.may_take(bot_id):
                self._rota.append(bot_id)
            else:
                one = queue.popleft()
                self._known.discard(one.name)
                if queue:
                    self._rota.append(bot_id)
                else:
                    self._drop_queue(bot_id)
                self._places.take(bot_id)
                return one
        return None

    def _drop_queue(self, bot_id: int) -> None:
        self._queues.pop(bot_id, None)
        if bot_id in self._more:
            self._to_read.add(bot_id)

    def _take_suspect(self) -> Waiting | None:
        if self._alone is not None and time.monotonic() < self._alone_until:
            return None
        for _ in range(len(self._suspects)):
            one = self._suspects.popleft()
            if self._can_work(one.bot_id) and self._places.may_take(one.bot_id):
                self._known.discard(one.name)
                self._alone, self._alone_until = one.name, time.monotonic() + ALONE_FOR
                self._places.take(one.bot_id)
                return one
            self._suspects.append(one)
        return None

    def over(self, name: str) -> bool:
        """Note that a turn is over. Tells whether it was a suspect's: the next one may begin."""
        if name != self._alone:
            return False
        self._alone = None
        return True

    def _rest(self, bot_id: int) -> None:
        self._resting.add(bot_id)
        kept = deque[Waiting]()
        for one in self._queues.pop(bot_id, ()):
            if one.is_plain:
                self._more[bot_id].add(one.shard)
                self._known.discard(one.name)
            else:
                kept.append(one)
        if kept:
            self._queues[bot_id] = kept

    def wake(self) -> None:
        """Look what has become due and, twice a second at most, which bots can work again."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            self._add_ready(heapq.heappop(self._later)[2])
        if now < self._look_at:
            return
        self._look_at = now + REST_LOOK
        for bot_id in [bot_id for bot_id in self._resting if self._can_work(bot_id)]:
            self._resting.discard(bot_id)
            if bot_id in self._queues:
                self._rota.append(bot_id)
            if bot_id in self._more:
                self._to_read.add(bot_id)

    @property
    def next_due(self) -> float:
        """When the next conversation becomes due, by the monotonic clock."""
        return self._later[0][0] if self._later else math.inf

    def has_queue(self, bot_id: int) -> bool:
        """Tell whether others wait for a turn of this bot."""
        return bot_id in self._queues or bot_id in self._more

    def add_unread(self, bot_id: int, shard: int) -> None:
        """Note that a bot has mail in a shard that was just taken."""
        self._more[bot_id].add(shard)
        if bot_id not in self._resting:
            self._to_read.add(bot_id)

    def unread(self) -> dict[int, list[int]]:
        """Tell, shard by shard, for which bots to read what waits: those with nothing here."""
        wanted: defaultdict[int, list[int]] = defaultdict(list)
        for bot_id in list(islice(self._to_read, MOST_READ)):
            if not self._can_work(bot_id):
                self._to_read.discard(bot_id)
                self._rest(bot_id)
            elif bot_id in self._queues:
                self._to_read.discard(bot_id)
            else:
                for shard in self._more[bot_id] - self._closed.keys():
                    wanted[shard].append(bot_id)
        return wanted

    @property
    def not_in_queues(self) -> int:
        """How many conversations are known that are in no bot's queue."""
        return len(self._later) + len(self._suspects)

    def note_read(self, bot_id: int, shard: int) -> None:
        """Note that all is known here that waits for a bot in a shard."""
        self._more[bot_id].discard(shard)
        if not self._more[bot_id]:
            del self._more[bot_id]
            self._to_read.discard(bot_id)

    def close(self, shard: int) -> None:
        """Begin no turns of a shard for now."""
        if shard not in self._closed:
            self._closed[shard] = self._remove(shard)

    def open(self, shard: int) -> None:
        """Begin them again."""
        for one in self._closed.pop(shard, ()):
            self._add_ready(one)

    def forget(self, shard: int) -> None:
        """Forget all of a shard that is another replica's now."""
        self.close(shard)
        gone = self._closed.pop(shard)
        gone += [one for _, _, one in self._later if one.shard == shard]
        self._known.difference_update(one.name for one in gone)
        self._later = [entry for entry in self._later if entry[2].shard != shard]
        heapq.heapify(self._later)
        for bot_id in [bot_id for bot_id, shards in self._more.items() if shard in shards]:
            self.note_read(bot_id, shard)

    def _remove(self, shard: int) -> list[Waiting]:
        removed = [one for queue in self._queues.values() for one in queue if one.shard == shard]
        removed += [one for one in self._suspects if one.shard == shard]
        for queue in self._queues.values():
            _keep_others(queue, shard)
        _keep_others(self._suspects, shard)
        return removed


def _keep_others(queue: deque[Waiting], shard: int) -> None:
    kept = [one for one in queue if one.shard != shard]
    if len(kept) < len(queue):
        queue.clear()
        queue.extend(kept)
