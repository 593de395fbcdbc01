"""A batch that enters through the replica that holds its shards: its turns begin at once."""

from collections.abc import Callable, Mapping

from fleet.inbox import Turn
from fleet.shards.holder import Held


class Entry:
    """What `Inbox.put` is told of the shards that are held here, and what it tells.

    A conversation may be heard of twice: from the reply of `enter`, which has begun its turn, and
    among the news. Whichever comes first counts. So news of a conversation that `enter` has started
    are none, and a start that comes after the news is none.
    """

    def __init__(
        self,
        mine: Mapping[int, Held],
        counts: Mapping[int, int],
        places: int,
        begin: Callable[[Held, Turn], None],
    ) -> None:
        self.leases: dict[int, tuple[int, int]] = {}
        self._mine = mine
        self._begin = begin
        self._left = places
        self._expected = sum(counts[shard] for shard in mine)
        for shard, held in mine.items():
            held.entering += 1
            some = min(counts[shard], places)
            places -= some
            self.leases[shard] = held.epoch, some

    @property
    def all_begun(self) -> bool:
        return self._expected == 0

    def begin(self, turn: Turn, arrival: int) -> None:
        """Start a turn that entering has begun."""
        held = self._mine[turn.shard]
        if held.heard.get(turn.conversation, 0) >= arrival:
            return
        held.started[turn.conversation] = arrival
        self._left -= 1
        self._expected -= 1
        self._begin(held, turn)

    def close(self) -> int:
        """Note that the batch is in, or not; returns how many places were not needed."""
        for held in self._mine.values():
            held.entering -= 1
            if not held.entering:
                held.heard.clear()
        return self._left
