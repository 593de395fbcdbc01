"""Waiting on a machine that has other work, too: what counts is whether something still moves.

A wait is given up when nothing has moved for long, not when it has lasted long. A bound that is
itself under test is `within`, or measured by a `Clock`.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

STILL = 150.0
"""Seconds of a `Clock` without a movement after which a state will not come: longer than a turn
that has gone back may rest."""
LONGEST = 600.0
"""Seconds after which what moves does so in circles, on whatever clock."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.1
"""Seconds between two looks: soon at first, then so that looking is not the load."""


class Clock:
    """Tells the seconds that have passed, less those that other work on the machine took.

    Time does not count while this process, or one that comes from it, stands in the queue for a
    processor; of several that stand there at once, each one's time. Source: proc(5), `schedstat`.
    Where there is none, all time counts. Read it often: what a process lost that has ended since
    the clock was last read is not known.
    """

    def __init__(self) -> None:
        self._passed = 0.0
        self._read_at, self._queued = time.monotonic(), _queued()

    def read(self) -> float:
        now, queued = time.monotonic(), _queued()
        lost = sum(seconds - self._queued.get(pid, 0.0) for pid, seconds in queued.items())
        self._passed += max(0.0, now - self._read_at - lost)
        self._read_at, self._queued = now, queued
        return self._passed


def _queued() -> dict[int, float]:
    """For how many seconds this process and all below it have stood in the queue so far."""
    pids = [os.getpid()]
    for pid in pids:  # which grows
        with contextlib.suppress(OSError):  # it ends just now
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                pids += map(int, _read(children).split())
    times = {pid: _read(Path(f"/proc/{pid}/schedstat")).split() for pid in pids}
    return {pid: int(fields[1]) / 1e9 for pid, fields in times.items() if fields}


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it has ended, or this is not Linux
        return ""


async def until(
    check: Callable[[], Awaitable[T]],
    what: str,
    *,
    moving: Callable[[], Awaitable[object]] | None = None,
    within: float | None = None,
) -> T:
    """Ask `check` until it answers something true, and return that.

    Args:
        check: an error that it raises ends the wait.
        what: is awaited, in words.
        moving: tells how far it has come: whatever changes as long as the work goes on. If not
            given, that is what `check` answers.
        within: seconds of a `Clock` in which it must come, if they are what is tested.

    Raises:
        TimeoutError: for STILL seconds nothing has moved, or it was not there `within` its time.
    """
    clock, begun = Clock(), time.monotonic()
    pause, moved_at, seen = FIRST_PAUSE, 0.0, object()
    while True:
        answer = await check()
        passed = clock.read()
        if within is not None and passed > within:
            raise TimeoutError(f"not within {within:g} s: {what} (last answer: {answer!r})")
        if answer:
            return answer
        now = answer if moving is None else await moving()
        if now != seen:
            moved_at, seen = passed, now
        if passed - moved_at > STILL or time.monotonic() - begun > LONGEST:
            raise TimeoutError(f"it does not come: {what} (last seen: {now!r})")
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, 1.2 * pause)
