"""How many turns may be in hand at once, in all and for each bot."""

from collections import Counter

SHARE = 2
"""A bot may have so many times as many places as are free."""
MOST_WAITING = 10
"""Turns of one bot that may wait at gates, in multiples of all places: each takes memory."""
KEPT = 10
"""One in so many places is kept for bots that have none."""


class Places:
    """The worker's policy of places.

    A bot gets another place while it has less than twice as many as are free. So one bot alone has
    two thirds of all, and each of five less than a fifth. The last tenth goes to bots that have
    none: however many places are taken by bots that hang, the others come through these.

    Args:
        concurrency: places in all.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._kept = -(-concurrency // KEPT)
        self._taken = 0
        self._of: Counter[int] = Counter()
        self._waiting: Counter[int] = Counter()

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def free(self) -> int:
        """Below 0 while turns that waited without a place have come back to theirs."""
        return self._concurrency - self._taken

    def may_take(self, bot_id: int) -> bool:
        """Tell whether a turn of the bot may begin."""
        if self._waiting[bot_id] >= MOST_WAITING * self._concurrency:
            return False
        has, free = self._of.get(bot_id, 0), self.free
        return free > (self._kept if has else 0) and has < SHARE * free

    def reserve(self, bot_id: int, wanted: int) -> int:
        """Take up to so many places; returns how many."""
        taken = 0
        while taken < wanted and self.may_take(bot_id):
            self.take(bot_id)
            taken += 1
        return taken

    def take(self, bot_id: int) -> None:
        """Take one, also if there is none: for a turn that goes on."""
        self._of[bot_id] += 1
        self._taken += 1

    def give_back(self, bot_id: int, count: int = 1) -> None:
        self._taken -= count
        _subtract(self._of, bot_id, count)

    def wait(self, bot_id: int) -> None:
        """Give one back for as long as its turn waits at a gate."""
        self._waiting[bot_id] += 1
        self.give_back(bot_id)

    def wait_no_more(self, bot_id: int) -> None:
        """Note that a turn does not wait any more: it goes on, and takes a place, or is over."""
        _subtract(self._waiting, bot_id, 1)


def _subtract(counter: Counter[int], bot_id: int, count: int) -> None:
    counter[bot_id] -= count
    if not counter[bot_id]:
        del counter[bot_id]
