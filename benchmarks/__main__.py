"""Measure everything, in about twenty minutes, and write README.md and results.svg."""

import argparse
import os
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks import broadcast, measures, replicas, report
from benchmarks.machine import FLEET, Bench, Contender, bench, bots, describe
from benchmarks.tables import Results

UVLOOP, NO_LIMIT = ("LOOP", "uvloop"), ("SESSION_LIMIT", "0")
STOCK = Contender("aiogram", "stock")
ISOLATION = Contender("aiogram, isolation", "isolation")
STOCK_UVLOOP = Contender("aiogram, uvloop", "stock", (UVLOOP,))
ISOLATION_UVLOOP = Contender("aiogram, isolation, uvloop", "isolation", (UVLOOP,))
STOCK_UNLIMITED = Contender("aiogram, limit=0", "stock", (NO_LIMIT,), polls_at_most=10_000)

ALL = [FLEET, STOCK, ISOLATION, STOCK_UVLOOP, ISOLATION_UVLOOP]
AS_THEY_COME = [FLEET, STOCK, ISOLATION]
POLLING = [FLEET, STOCK, ISOLATION, STOCK_UNLIMITED]

QUICK = measures.Seconds(warm=0.5, busy=1.0, delay=1.0, settle=1.0, send=1.0, replies=5.0, idle=3.0)
BUSY = 0.5
"""Load average from which on figures are not to be trusted."""


class Run:
    """Measures, tells, and keeps what came out."""

    def __init__(self, arena: Bench, seconds: measures.Seconds, wanted: set[int]) -> None:
        self.results: Results = defaultdict(list)
        self._arena = arena
        self._seconds = seconds
        self._wanted = wanted

    def rounds(self, count: int) -> None:
        """Measures 1 to 3 and 5 to 8, round after round, one contender after the other in each."""
        for _ in range(count):
            self._loads()
            if 5 in self._wanted:
                for contender in AS_THEY_COME:
                    self._note("stop", contender.name, measures.stop(self._arena, contender))
            if 7 in self._wanted:
                for name in (replicas.ONE, replicas.TOGETHER, replicas.LATER):
                    self._note("replicas", name, replicas.shares(self._arena, name, self._seconds))
            if 8 in self._wanted:
                for contender in (FLEET, STOCK):
                    self._note("news", contender.name, broadcast.flat_out(self._arena, contender))
                for name, numbers in broadcast.at_its_pace(self._arena, self._seconds).items():
                    self._note("pace", name, numbers)

    def polling(self, sizes: list[int]) -> None:
        """Measure 4 with so many bots."""
        if 4 not in self._wanted:
            return
        for size in sizes:
            idle = measures.idle(self._arena, POLLING, size, self._seconds)
            for contender, numbers in zip(POLLING, idle, strict=True):
                self._note("idle", contender.name, numbers)
        for size in sizes:
            for contender in POLLING:
                count = report.SENDERS.get(size, size)
                delay = measures.send_delay(self._arena, contender, count, self._seconds)
                self._note("send", contender.name, delay)

    def _loads(self) -> None:
        for contender in ALL:
            if self._wanted & {1, 2, 6} or (3 in self._wanted and contender in AS_THEY_COME):
                self._load(contender)

    def _load(self, contender: Contender) -> None:
        arena, seconds = self._arena, self._seconds
        with arena.load() as load, arena.run(contender, load, bots(measures.BOTS)) as process:
            load.wait_for_polls(process, measures.BOTS)
            if self._wanted & {1, 3}:
                read = measures.throughput(arena, load, process, "read", seconds)
                self._note("read", contender.name, read)
            if 2 in self._wanted:
                echo = measures.throughput(arena, load, process, "echo", seconds)
                self._note("echo", contender.name, echo)
            if 3 in self._wanted and contender in AS_THEY_COME:
                low, same, half = measures.LOW_RATE, measures.SAME_RATE, read["per_second"] / 2
                for measure, rate in (("low", low), ("same", same), ("half", half)):
                    delay = measures.delay(arena, load, process, rate, seconds)
                    self._note(measure, contender.name, delay)
            if 6 in self._wanted:  # last, as it leaves states behind
                form = measures.throughput(arena, load, process, "form", seconds)
                self._note("form", contender.name, form)

    def _note(self, measure: str, name: str, numbers: measures.Numbers) -> None:
        self.results[measure, name].append(numbers)
        told = " ".join(f"{key}={value:.4g}" for key, value in numbers.items())
        print(f"{measure:10} {name:32} {told}", flush=True)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="five minutes, figures too rough to keep"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only",
        type=int,
        nargs="+",
        choices=report.MEASURES,
        metavar="N",
        help="these measures alone, which are not written into README.md",
    )
    parser.add_argument("--project", type=Path, help="a baked project; else one is baked")
    options = parser.parse_args()
    if os.getloadavg()[0] > BUSY:
        print("Something else uses this machine: the figures will be rough.", file=sys.stderr)
    with bench(options.project) as arena:
        seconds = QUICK if options.quick else measures.Seconds()
        run = Run(arena, seconds, set(options.only or report.MEASURES))
        run.rounds(1 if options.quick else options.rounds)
        run.polling([1, 100] if options.quick else [1, 100, 1000])
    if options.quick or options.only:
        print(report.text(run.results, describe()))
    else:
        report.write(run.results, describe(), options.rounds)


if __name__ == "__main__":
    main()
