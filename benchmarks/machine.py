"""The processes of a run: Redis and the load on one core, the contender alone on the other."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import redis

from benchmarks.board import Board
from benchmarks.process import Process, free_port, wait_until

ROOT = Path(__file__).parent.parent
FIRST_BOT = 1_000_000
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


FLEET = Contender("this project", "fleet", polls_at_most=10_000)


class Bench:
    """Redis, the load server and the place where contenders run."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.cores = sorted(os.sched_getaffinity(0))
        if len(self.cores) < 2:
            sys.exit("the benchmarks need two cores: one for the load, one for the contender")
        self._own, self._other = self.cores[:2]
        os.sched_setaffinity(0, {self._own})
        self.project = project
        self.folder = folder
        """Where processes run: not the project's, where a `.env` for the sandbox lies."""
        self._started = 0
        port = free_port()
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
            {self._own}, folder / "redis.log",
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
        board = Path("/dev/shm") / f"{self.folder.name}-{self._started}"
        try:
            load = Load(board, {self._own}, self.folder / "load.log")
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
        cores: set[int] | None = None,
        **more: str,
    ) -> Iterator[Process]:
        """Run a contender, on the core that is left for it unless told otherwise."""
        if fresh:
            self.redis_client.flushall()
        process = Process(
            [
                *(sys.executable, "-m", "benchmarks.contender"),
                *(contender.runs, str(load.board_path), str(self.project)),
            ],
            cores or {self._other},
            self.folder / f"{contender.runs}.log",
            env=self.environment(load, bots, **dict(contender.environment), **more),
            cwd=self.folder,
        )
        try:
            yield process
        finally:
            process.kill()

    def environment(self, load: "Load", bots: list[int], **more: str) -> dict[str, str]:
        """Give what every process that works on these bots finds in its environment."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BOT_TOKENS": ",".join(token(bot) for bot in bots),
            "REDIS_URL": self.redis_url,
            "TELEGRAM_API_URL": load.url,
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
            # The load's users write more than Telegram lets a bot answer: the pace is kept account
            # of, and holds nothing back.
            "CHAT_RATE": "1000",
            "CHAT_BURST": "1000",
            **more,
        }

    def close(self) -> None:
        """Stop Redis."""
        self.redis.kill()


class Load:
    """A running load server."""

    def __init__(self, board: Path, cores: set[int], log: Path) -> None:
        self.board_path = board
        self.board = Board(board)
        command = [sys.executable, "-m", "benchmarks.telegram", str(board)]
        self.process = Process(command, cores, log, stdout=subprocess.PIPE, cwd=ROOT)
        self.url = f"http://127.0.0.1:{int(self.process.output.readline())}"

    def set(self, **load: Any) -> dict[str, int]:
        """Set what arrives from now on; nothing without arguments."""
        return self._ask("load", load or None)

    def news(self) -> dict[str, int]:
        """Tell what has arrived of a broadcast: `messages`, `chats`, `first` and `last` time."""
        return self._ask("news", None)

    def _ask(self, path: str, body: Any) -> dict[str, int]:
        content = json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/{path}", content, timeout=10) as reply:
            told: dict[str, int] = json.load(reply)
            return told

    def wait_for_polls(self, process: Process, count: int) -> None:
        """Wait until so many long polls are open."""
        self.wait_until(lambda: self.set()["polls"] >= count, f"{count} bots poll", [process])

    def wait_until(
        self, true: Callable[[], bool], what: str, on: list[Process], seconds: float = START
    ) -> None:
        """Wait until something is true. Ends the run if a process that it depends on has ended."""

        def is_true() -> bool:
            for process in on:
                if not process.alive:
                    sys.exit(f"the contender ended:\n{process.log.read_text()[-2000:]}")
            return true()

        wait_until(is_true, what, seconds)


def bots(count: int) -> list[int]:
    """Name so many bots."""
    return list(range(FIRST_BOT, FIRST_BOT + count))


def token(bot: int) -> str:
    """Give the token of a bot."""
    return f"{bot}:{'benchmark-token'.ljust(35, 'x')}"


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
            from demo import bake  # who has baked one needs no cookiecutter

            project = folder / "measured"
            bake(project)
        running = Bench(project, folder)
        try:
            yield running
        finally:
            running.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
