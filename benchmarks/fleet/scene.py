"""A fleet of many bots, from its first start to its end, and what is measured on the way.

Redis has a core to itself; replicas, load server and commands have the others. Times of commands in
Redis are noted in phases of their own, as noting costs Redis something.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from benchmarks.board import NEVER
from benchmarks.fleet.keys import bytes_of_keys
from benchmarks.fleet.scripts import Times, Watch
from benchmarks.machine import ROOT, Bench, Load, bots
from benchmarks.measures import Numbers
from benchmarks.process import Process, came_true
from benchmarks.replicas import Replica, replica

PATIENCE = 1800.0
"""Seconds that a phase may take which is not measured."""
DRAIN = 300.0
"""Seconds that the mail has to be handled; what is left then is told."""
RATE = 1000.0
"""Updates a second where it does not matter."""
LETTERS = 20
PROBES = 10


@dataclass(frozen=True)
class Size:
    """How big a fleet."""

    bots: int
    resting: int
    """Of these bots, how many are paused, with mail."""
    replicas: int
    updates: int = 200_000
    """That come at once, shared by the conversations of the bots that work."""
    conversations: int = 20
    """Of each bot."""


@dataclass(frozen=True)
class Seconds:
    """How long each phase lasts."""

    settle: float = 5.0
    rest: float = 30.0
    busy: float = 10.0


class Scene:
    """One fleet. The methods are its life, in order; `figures` and `times` are what came out."""

    def __init__(self, bench: Bench, load: Load, size: Size, seconds: Seconds) -> None:
        self.figures: Numbers = {}
        self._bench = bench
        self._load = load
        self._size = size
        self._seconds = seconds
        self._ids = bots(size.bots)
        self._working = self._ids[size.resting :]
        self._replicas: list[Replica] = []
        self._watch = Watch(bench.redis_url, bench.project)
        self._settings = {
            "SECRET_KEY": "benchmark" * 4,
            "INBOX_LIMIT": "1000000",
            "USER_LIMIT": "1000000",
            "CONVERSATIONS": str(size.conversations),
        }

    @property
    def times(self) -> Times:
        return self._watch.times

    def start(self, stack: ExitStack) -> None:
        """Register the bots, start the replicas, wait until every bot is polled."""
        self._fill("add", self._ids)
        began = time.monotonic()
        cores = set(self._bench.cores[1:])
        for number in range(self._size.replicas):
            one = replica(self._bench, self._load, [], number, cores, **self._settings)
            self._replicas.append(stack.enter_context(one))

        def polled() -> bool:
            time.sleep(0.5)  # it counts ten thousand bots
            return self._load.set()["bots"] >= self._size.bots

        processes = [one.process for one in self._replicas]
        self._load.wait_until(polled, "each bot is polled", processes, PATIENCE)
        self.figures["start"] = time.monotonic() - began
        self._load.set(bots=self._ids, rate=RATE, count=self._size.bots)
        self._until_ended(range(self._size.bots), PATIENCE)
        time.sleep(self._seconds.settle)
        staying, passing = bytes_of_keys(self._bench.redis_client)
        self.figures["bytes"] = (staying + passing) / self._size.bots
        self.figures["passing_bytes"] = passing / self._size.bots
        self.figures["rss"] = statistics.mean(one.process.memory()["rss"] for one in self._replicas)

    def rest(self) -> None:
        """Have some bots paused, with mail, and look at the fleet while nothing comes."""
        resting = self._ids[: self._size.resting]
        self._fill("pause", resting)
        time.sleep(self._seconds.settle)
        self._fill("mail", resting)
        self._at_rest("rest")
        with self._watch.watching():
            self._watch.wait(self._seconds.busy)
            self._probe("health")

    def command(self) -> None:
        """Do what people do at a terminal. With the time that Python takes to start."""
        with self._watch.watching():
            self._fleet("list", "--json")
            self._fleet("pause", str(self._working[0]))
            self._fleet("resume", str(self._working[0]))
            self._fleet("drop", "--yes", str(self._ids[0]))
            told = self._load.set(bots=self._working[:1], kind="fail", rate=RATE, count=LETTERS)
            failed = range(told["updates"], told["updates"] + LETTERS)
            while self._letters() < LETTERS:
                self._alive()
            self._fleet("dead-letters", "replay", "--all")
            self._watch.wait(PATIENCE, lambda: min(self._load.board.starts(failed)) > 1)
            while self._letters() < LETTERS:
                self._alive()
            self._fleet("dead-letters", "drop", "--all", "--yes")

    def flood(self) -> None:
        """Let mail come to all conversations of the bots that work, twice.

        The first time the costs are counted, from the arrival to the last turn; the second time
        commands are noted.
        """
        board, redis = self._load.board, self._bench.redis
        processes = [one.process for one in self._replicas]
        scripts, used = self._script_us(), _cpu([redis], processes)
        began, came = time.monotonic(), self._mail()
        self._until_ended(came, DRAIN)
        ends = Counter(board.ends(came))
        self.figures["left"] = ends.pop(0, 0)
        handled = self._size.updates - self.figures["left"]
        spent = [now - then for now, then in zip(_cpu([redis], processes), used, strict=True)]
        self.figures["per_second"] = handled / (time.monotonic() - began)
        self.figures["redis_us"], self.figures["cpu_us"] = (1e6 * cpu / handled for cpu in spent)
        self.figures["script_us"] = (self._script_us() - scripts) / handled
        # A replica that had no processor for twelve seconds begins again what it had in hand.
        self.figures["repeated"] = sum(count for times, count in ends.items() if times > 1)
        came = self._mail()
        with self._watch.watching():
            self._watch.wait(self._seconds.busy)
            self._probe("busy_health")
        self._until_ended(came, DRAIN)
        if any(board.ends(range(NEVER, NEVER + 1))):
            raise AssertionError("handled an update of a bot that rests")

    def _mail(self) -> range:
        """Let updates come to all conversations of the bots that work. Gives their numbers."""
        told = self._load.set(
            bots=self._working,
            kind="echo",
            rate=1e9,
            count=self._size.updates,
            conversations=self._size.conversations,
        )
        return range(told["updates"], told["updates"] + self._size.updates)

    def stop(self) -> None:
        """Pause all that still work, look at what nothing at all costs, and stop the replicas."""
        self._fill("pause", self._working)
        self._at_rest("reconcile")
        began = time.monotonic()
        with self._watch.watching():
            for one in self._replicas:
                one.process.terminate()
            self._watch.wait(PATIENCE, lambda: not any(one.process.alive for one in self._replicas))
        self.figures["stop"] = time.monotonic() - began

    def _at_rest(self, name: str) -> None:
        """Note milliseconds of CPU a second: of one replica, and of Redis."""
        time.sleep(self._seconds.settle)
        processes = [one.process for one in self._replicas]
        used, began = _cpu(processes, [self._bench.redis]), time.monotonic()
        time.sleep(self._seconds.rest)
        passed = time.monotonic() - began
        replicas, redis = (
            1000 * (now - then) / passed
            for now, then in zip(_cpu(processes, [self._bench.redis]), used, strict=True)
        )
        self.figures[f"{name}_ms"] = replicas / len(processes)
        self.figures[f"{name}_redis_ms"] = redis
        self.figures[f"{name}_share"] = replicas / 1000 / len(self._bench.cores[1:])

    def _probe(self, name: str) -> None:
        """Note how long `/health` takes, in milliseconds, when somebody asks each second."""
        taken, used = [], []
        for _ in range(PROBES):
            one = self._replicas[0]
            cpu, began = one.process.cpu, time.monotonic()
            told = _ask(f"{one.url}/health")
            taken.append(1000 * (time.monotonic() - began))
            used.append(1000 * (one.process.cpu - cpu))
            if len(told["bots"]) != self._size.bots:
                raise AssertionError(f"/health lists {len(told['bots'])} bots")
            self._watch.wait(1.0)
        self.figures[f"{name}_ms"] = statistics.median(taken)
        self.figures[f"{name}_worst_ms"] = max(taken)
        self.figures[f"{name}_cpu_ms"] = statistics.mean(used)

    def _until_ended(self, numbers: range, seconds: float) -> None:
        """Wait until all of these updates have had their turns, or the time is over."""

        def ended() -> bool:
            time.sleep(0.2)  # it looks at each
            self._alive()
            return all(self._load.board.ends(numbers))

        came_true(ended, seconds)

    def _alive(self) -> None:
        for one in self._replicas:
            if not one.process.alive:
                sys.exit(f"a replica ended:\n{one.process.log.read_text()[-2000:]}")

    def _letters(self) -> int:
        return len(json.loads(self._fleet("dead-letters", "list", "--json")))

    def _fleet(self, *words: str) -> str:
        began = time.monotonic()
        told = self._run("fleet", *words)
        name = " ".join(word for word in words if word.replace("-", "").isalpha())
        self.figures[f"fleet {name}"] = time.monotonic() - began
        return told

    def _fill(self, what: str, ids: list[int]) -> None:
        self._run("benchmarks.fleet.fill", what, str(ids[0]), str(len(ids)))

    def _run(self, module: str, *words: str) -> str:
        paths = os.pathsep.join((str(ROOT), str(self._bench.project)))
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            env=self._bench.environment(self._load, [], **{**self._settings, "PYTHONPATH": paths}),
            cwd=self._bench.folder,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    def _script_us(self) -> int:
        """Microseconds that Redis has spent in scripts so far."""
        stats = self._bench.redis_client.info("commandstats")
        return sum(
            int(stats[f"cmdstat_{command}"]["usec"])
            for command in ("eval", "evalsha", "fcall")
            if f"cmdstat_{command}" in stats
        )


def play(bench: Bench, size: Size, seconds: Seconds) -> tuple[Numbers, Times]:
    """Let such a fleet live. Gives its figures, and the times that commands took in Redis."""
    first, *others = bench.cores
    os.sched_setaffinity(0, others)
    bench.redis.move({first})
    with suppress(PermissionError):  # others on its core would count as the time of scripts
        # Not before it what rewrites the append-only file for it: that would have 100 ms at a time.
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(bench.redis.pid, policy, os.sched_param(1))
    bench.redis_client.flushall()
    with bench.load() as load, ExitStack() as stack:
        load.process.move(set(others))
        scene = Scene(bench, load, size, seconds)
        scene.start(stack)
        scene.rest()
        scene.command()
        scene.flood()
        scene.stop()
    return scene.figures, scene.times


def _ask(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=60) as reply:
            told: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:  # 503: it has waited for its core too long to be ready
        told = json.load(error)
    return told


def _cpu(*groups: list[Process]) -> list[float]:
    """Seconds of CPU that each group of processes has used."""
    return [sum(process.cpu for process in group) for group in groups]
