"""What each Lua script, and each other command, takes in Redis: read from its slow log."""

import hashlib
import statistics
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import redis

LOOK = 0.25
"""Seconds between two looks into the slow log."""
NAME = b"benchmarks"
"""By which Redis knows our own connection: its commands are not counted."""
KEPT = 1_000_000
"""Entries of the slow log, many more than come between two looks."""
NOTED_FROM = 10
"""Microseconds from which on a call is noted.

Most commands that scripts execute take less: to note them, too, would make the script slower.
"""
IN_A_SCRIPT = b"?:0"
"""What Redis gives as the address of a script that executes a command."""
AT_ONCE = 3
"""Files of which one script is put together, at the most."""

Times = dict[str, "array[int]"]
"""Microseconds of each call that took NOTED_FROM or more, by script or command."""


@dataclass(frozen=True)
class Taken:
    """What one script or command took, in microseconds of Redis' time."""

    calls: int
    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, times: "array[int]") -> "Taken":
        """Make it of the times of all calls."""
        ordered = sorted(times)
        return cls(
            calls=len(ordered),
            p50=statistics.median(ordered),
            p99=ordered[int(len(ordered) * 0.99)],
            worst=ordered[-1],
        )


class Watch:
    """Looks at what Redis executes, while it is told to."""

    def __init__(self, url: str, project: Path) -> None:
        self.times: Times = defaultdict(lambda: array("L"))
        self._names = script_names(project)
        self._redis = redis.Redis.from_url(url, client_name=NAME.decode())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what is executed meanwhile. That costs Redis some microseconds for each."""
        self._redis.config_set("slowlog-max-len", KEPT)
        self._redis.slowlog_reset()
        self._redis.config_set("slowlog-log-slower-than", NOTED_FROM)
        try:
            yield
            self._look()
        finally:
            self._redis.config_set("slowlog-log-slower-than", -1)

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Look again and again, for so long or until something is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            time.sleep(LOOK)
            self._look()

    def _look(self) -> None:
        with self._redis.pipeline() as look:
            look.slowlog_get(KEPT)
            look.slowlog_reset()
            entries, _ = look.execute()
        for entry in entries:
            if entry["client_name"] != NAME and entry["client_address"] != IN_A_SCRIPT:
                self.times[self._name(entry["command"])].append(entry["duration"])

    def _name(self, command: bytes) -> str:
        verb, *words = command.split(b" ", 3)
        match verb.upper(), words:
            case b"EVALSHA", [sha, *_]:
                return self._names.get(sha.decode(), f"script {sha[:8].decode()}")
            case b"FCALL", [function, *_]:
                return function.decode()
            case _:
                return verb.decode().upper()


def script_names(project: Path) -> dict[str, str]:
    """Tell the names of scripts from their SHA-1.

    A script is a `.lua` file, or some of one folder put together; the last one names it.
    """
    folders = defaultdict(list)
    for path in sorted(project.rglob("*.lua")):
        folders[path.parent].append((path.name, path.read_bytes()))
    names = {}
    for files in folders.values():
        for size in range(1, AT_ONCE + 1):
            for parts in product(files, repeat=size):
                text = b"".join(text for _, text in parts)
                # Redis' own name for a script.
                names[hashlib.sha1(text, usedforsecurity=False).hexdigest()] = parts[-1][0]
    return names
