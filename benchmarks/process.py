"""A process of a run, what it has used, and how to wait for something."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A process and what it has used so far."""

    def __init__(self, command: list[str], cores: set[int], log: Path, **options: Any) -> None:
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stderr=output,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
                **{"stdout": output, **options},
            )
        self.log = log
        self.pid = self._popen.pid

    def move(self, cores: set[int]) -> None:
        """Have all its threads run on these cores from now on."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    @property
    def output(self) -> Any:
        return self._popen.stdout

    @property
    def cpu(self) -> float:
        """Seconds of CPU, user and system, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> dict[str, float]:
        """MiB resident, and its proportional share where pages are shared."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
        return {"rss": sizes["Rss"], "pss": sizes["Pss"]}

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def stop(self, patience: float = 60.0) -> float:
        """Send SIGTERM and wait. Returns the seconds that it took."""
        began = time.monotonic()
        self.terminate()
        try:
            self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    def terminate(self) -> None:
        """Send SIGTERM and do not wait."""
        self._popen.terminate()

    def kill(self) -> None:
        """Make sure that it is gone."""
        self._popen.kill()
        self._popen.wait()


def wait_until(true: Callable[[], bool], what: str, seconds: float) -> None:
    """Look until something is true."""
    if not came_true(true, seconds):
        raise TimeoutError(f"not within {seconds} s: {what}")


def came_true(true: Callable[[], bool], seconds: float) -> bool:
    """Look until something is true, or the time is over."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def free_port() -> int:
    """Find a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
