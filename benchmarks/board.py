"""What the contender notes and the others read: a file in memory that all processes share.

Each update carries a sequence number and the time at which it arrived at the load server. A note is
a few stores into shared memory, the same for every contender, so it hardly weighs on what is
measured.
"""

import mmap
import time
from pathlib import Path

CONVERSATIONS = 100
"""Of each bot, unless a load says otherwise."""
WORK = 0.001
"""Seconds of CPU that the handler of a `work` takes."""
CAPACITY = 4_000_000
"""Sequence numbers of one run."""
NEVER = CAPACITY - 1
"""The number of updates that must not be handled."""
NEWS = "news"
"""What a broadcast says."""
CHATS = range(100_000, 110_000)
"""Who gets it: none of those who write."""
REPLICAS = 16
"""Processes that may take notes at once."""
_COUNTERS = REPLICAS * 16


class Board:
    """Notes on updates, by sequence number.

    Each replica has two counters of its own: no two processes write the same place.
    """

    def __init__(self, path: Path, replica: int = 0) -> None:
        self._at = 2 * replica
        size = _COUNTERS + CAPACITY * 6
        with path.open("a+b") as file:
            if path.stat().st_size < size:
                file.truncate(size)
            view = memoryview(mmap.mmap(file.fileno(), size))
        self._counters = view[:_COUNTERS].cast("Q")
        self._delays = view[_COUNTERS : _COUNTERS + 4 * CAPACITY].cast("I")
        self._started = view[_COUNTERS + 4 * CAPACITY : _COUNTERS + 5 * CAPACITY]
        self._ended = view[_COUNTERS + 5 * CAPACITY :]

    @property
    def started(self) -> int:
        """Handlers begun."""
        return sum(self._counters[::2])

    @property
    def ended(self) -> int:
        """Handlers that came to their end."""
        return sum(self._counters[1::2])

    def ended_by(self, replica: int) -> int:
        """Tell how many of these were that replica's."""
        return self._counters[2 * replica + 1]

    def start(self, number: int, arrived: int) -> None:
        """Note that a handler has the update, which arrived at that time of `now`."""
        self._delays[number] = min(now() - arrived, 2**32 - 1)
        self._started[number] += 1
        self._counters[self._at] += 1

    def end(self, number: int) -> None:
        """Note that a handler came to its end."""
        self._ended[number] += 1
        self._counters[self._at + 1] += 1

    def time(self, number: int, microseconds: int) -> None:
        """Note another time in place of the delay."""
        self._delays[number] = microseconds

    def delays(self, numbers: range) -> list[int]:
        """Give the times of these updates, in microseconds."""
        return list(self._delays[numbers.start : numbers.stop])

    def starts(self, numbers: range) -> list[int]:
        """Give how often a handler has had each of these updates."""
        return list(self._started[numbers.start : numbers.stop])

    def ends(self, numbers: range) -> list[int]:
        """Give how often each of these updates was handled to its end."""
        return list(self._ended[numbers.start : numbers.stop])


def now() -> int:
    """Give the monotonic clock, which all processes share, in microseconds."""
    return time.monotonic_ns() // 1000
