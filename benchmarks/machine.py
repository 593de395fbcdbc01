"""The processes of a run: Redis and the load on one core, the contender alone on the other."""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import redis

from benchmarks.board import Board
from demo import bake

ROOT = Path(__file__).parent.parent
FIRST_BOT = 1_000_000
TICKS = os.sysconf("SC_CLK_TCK")
START = 90.0
"""Seconds that a contender with a thousand bots may take to poll with all of them."""


@dataclass(frozen=True)
class Contender:
    """Who takes part, and how it is started."""

    name: str
    """As the tables call it."""
    runs: str
    """As contender.py calls it."""
    environment: tuple[tuple[str, str], ...] = ()
    polls_at_most: int = 100
    """How many long polls it can hold at once: all connections of aiogram's session."""


class Process:
    """A process and what it has used so far."""

    def __init__(self, command: list[str], core: int, log: Path, **options: Any) -> None:
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stderr=output,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
                **{"stdout": output, **options},
            )
        self.log = log
        self.pid = self._popen.pid

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
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    def kill(self) -> None:
        """Make sure that it is gone."""
        self._popen.kill()
        self._popen.wait()


class Bench:
    """Redis, the load server and the place where contenders run."""

    def __init__(self, project: Path, folder: Path) -> None:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("the benchmarks need two cores: one for the load, one for the contender")
        self._own, self._other = cores[:2]
        os.sched_setaffinity(0, {self._own})
        self._project = project
        self._folder = folder
        self._started = 0
        port = _free_port()
        self.redis_url = f"redis://127.0.0.1:{port}/0"
        self.redis_client = redis.Redis.from_url(self.redis_url)
        # As the generated project runs it.
        settings = [
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--maxmemory-policy",
            "noeviction",
        ]
        self.redis = Process(
            ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder), *settings],
            self._own, folder / "redis.log",
        )  # fmt: skip
        wait_until(self._redis_answers, "Redis answers", 10)

    def _redis_answers(self) -> bool:
        try:
            return bool(self.redis_client.ping())
        except redis.ConnectionError:
            return False

    @contextmanager
    def load(self) -> Iterator["Load"]:
        """Start a load server with an empty board."""
        self._started += 1
        board = Path("/dev/shm") / f"{self._folder.name}-{self._started}"
        try:
            load = Load(board, self._own, self._folder / "load.log")
            try:
                yield load
            finally:
                load.process.kill()
        finally:
            board.unlink(missing_ok=True)

    @contextmanager
    def run(
        self,
        contender: Contender,
        load: "Load",
        bots: list[int],
        *,
        fresh: bool = True,
        **more: str,
    ) -> Iterator[Process]:
        """Run a contender; ready when all its bots poll, or as many as its session lets."""
        if fresh:
            self.redis_client.flushall()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BOT_TOKENS": ",".join(f"{bot}:{'benchmark-token'.ljust(35, 'x')}" for bot in bots),
            "REDIS_URL": self.redis_url,
            "TELEGRAM_API_URL": load.url,
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
            **dict(contender.environment),
            **more,
        }
        process = Process(
            [
                *(sys.executable, "-m", "benchmarks.contender"),
                *(contender.runs, str(load.board_path), str(self._project)),
            ],
            self._other,
            self._folder / f"{contender.runs}.log",
            env=environment,
            cwd=self._folder,  # not the project's, where a `.env` for the sandbox lies
        )
        try:
            yield process
        finally:
            process.kill()

    def close(self) -> None:
        """Stop Redis."""
        self.redis.kill()


class Load:
    """A running load server."""

    def __init__(self, board: Path, core: int, log: Path) -> None:
        self.board_path = board
        self.board = Board(board)
        command = [sys.executable, "-m", "benchmarks.telegram", str(board)]
        self.process = Process(command, core, log, stdout=subprocess.PIPE, cwd=ROOT)
        self.url = f"http://127.0.0.1:{int(self.process.output.readline())}"

    def set(self, **load: Any) -> dict[str, int]:
        """Set what arrives from now on; nothing without arguments."""
        body = json.dumps(load or None).encode()
        with urllib.request.urlopen(f"{self.url}/load", body, timeout=10) as reply:
            told: dict[str, int] = json.load(reply)
            return told

    def wait_for_polls(self, process: Process, count: int) -> None:
        """Wait until so many long polls are open."""

        def polled() -> bool:
            if not process.alive:
                sys.exit(f"the contender ended:\n{process.log.read_text()[-2000:]}")
            return self.set()["polls"] >= count

        wait_until(polled, f"{count} bots poll", START)


def bots(count: int) -> list[int]:
    """Name so many bots."""
    return list(range(FIRST_BOT, FIRST_BOT + count))


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


def describe() -> str:
    """Say in general words what this run ran on."""
    server = subprocess.run(
        ["redis-server", "--version"], capture_output=True, text=True, check=True
    )
    redis_version = server.stdout.split("v=")[1].split()[0]
    packages = ", ".join(
        f"{name} {version(name)}"
        for name in ("aiogram", "aiohttp", "redis", "hiredis", "uvloop", "orjson")
    )
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, Redis {redis_version} with AOF, {packages}"
    )


@contextmanager
def bench(project: Path | None) -> Iterator[Bench]:
    """Bake the project, unless one is given, and start Redis beside it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        if project is None:
            project = folder / "measured"
            bake(project)
        running = Bench(project, folder)
        try:
            yield running
        finally:
            running.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
