"""What is measured. Each function gives plain numbers; `Run` repeats them and takes medians."""

import statistics
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import Bench, Contender, Load, bots
from benchmarks.process import Process, came_true, wait_until

BOTS = 10
WINDOW = 300
"""Updates kept unhandled in measures 1, 2 and 6: three answers to getUpdates."""
LOW_RATE = 50.0
SAME_RATE = 1000.0
SENDS = 10.0
"""Each second, to see how long one takes."""
SEND_PATIENCE = 12.0
"""Seconds after which a sendMessage counts as hanging."""
IN_FLIGHT = 200

Numbers = dict[str, float]


@dataclass(frozen=True)
class Seconds:
    """How long each phase lasts."""

    warm: float = 1.5
    busy: float = 4.0
    delay: float = 3.0
    settle: float = 5.0
    send: float = 5.0
    replies: float = 20.0
    idle: float = 30.0
    """As long as the longest long poll, so that every bot polls anew in it."""


def throughput(bench: Bench, load: Load, process: Process, kind: str, seconds: Seconds) -> Numbers:
    """Handled updates while there is always more to do."""
    load.set(bots=bots(BOTS), kind=kind, window=WINDOW)
    time.sleep(seconds.warm)
    used = _busy(bench, load, process, seconds.busy)
    finish(load)
    return used


def delay(bench: Bench, load: Load, process: Process, rate: float, seconds: Seconds) -> Numbers:
    """From the arrival at Telegram to the handler, with so many arriving each second."""
    first = load.set(bots=bots(BOTS), rate=rate)["updates"]
    time.sleep(seconds.warm)
    used = _busy(bench, load, process, seconds.delay)
    last = finish(load)
    delays = load.board.delays(range(first + int(rate * seconds.warm), last))
    return {
        "p50": statistics.median(delays) / 1000,
        "p99": sorted(delays)[int(len(delays) * 0.99)] / 1000,
        "rate": rate,
        "cpu_us": used["cpu_us"],
    }


def finish(load: Load) -> int:
    """Let nothing more arrive, and wait for what has. Returns how many updates there were."""
    sent = load.set()["updates"]
    wait_until(lambda: load.board.ended >= sent, "all that arrived is handled", 60)
    if set(load.board.ends(range(sent))) - {1}:
        raise AssertionError("not each update was handled once")
    return sent


def _busy(bench: Bench, load: Load, process: Process, seconds: float) -> Numbers:
    parts = {"process": process, "load": load.process, "redis": bench.redis}
    before = {name: part.cpu for name, part in parts.items()}
    handled, began = load.board.ended, time.monotonic()
    time.sleep(seconds)
    wait_until(lambda: load.board.ended > handled, "something is handled", 60)
    used = {name: part.cpu - before[name] for name, part in parts.items()}
    handled, passed = load.board.ended - handled, time.monotonic() - began
    return {
        "per_cpu_second": handled / used["process"],
        "per_second": handled / passed,
        "cpu_us": 1e6 * used["process"] / handled,
        "redis_us": 1e6 * used["redis"] / handled,
        "load_share": used["load"] / passed,
        "redis_share": used["redis"] / passed,
        "own_share": used["process"] / passed,
    }


def idle(bench: Bench, contenders: list[Contender], count: int, seconds: Seconds) -> list[Numbers]:
    """Memory and CPU with so many bots that poll and get nothing, all contenders side by side."""
    numbers = []
    with ExitStack() as stack:
        running = []
        bench.redis_client.flushall()
        for contender in contenders:
            load = stack.enter_context(bench.load())
            process = stack.enter_context(bench.run(contender, load, bots(count), fresh=False))
            running.append((contender, load, process))
        for contender, load, process in running:
            load.wait_for_polls(process, min(count, contender.polls_at_most))
        time.sleep(seconds.settle)
        before = [process.cpu for _, _, process in running]
        time.sleep(seconds.idle)
        for (_, _, process), cpu in zip(running, before, strict=True):
            share = (process.cpu - cpu) / seconds.idle
            numbers.append({"bots": count, "idle_share": share, **process.memory()})
    return numbers


def send_delay(bench: Bench, contender: Contender, count: int, seconds: Seconds) -> Numbers:
    """How long a sendMessage takes while so many bots poll. Infinite if it hangs."""
    times = int(seconds.send * SENDS)
    with bench.load() as load, bench.run(contender, load, bots(count)) as process:
        load.wait_for_polls(process, min(count, contender.polls_at_most))
        load.set(bots=bots(count)[:1], kind="send", rate=SENDS, count=times)
        if not came_true(lambda: load.board.ended >= times, SEND_PATIENCE + seconds.send):
            return {"bots": count, "p50": float("inf"), "worst": float("inf")}
        times_taken = load.board.delays(range(times))
        return {
            "bots": count,
            "p50": statistics.median(times_taken) / 1000,
            "worst": max(times_taken) / 1000,
        }


def stop(bench: Bench, contender: Contender) -> Numbers:
    """SIGTERM with turns in flight, then a second life: what was lost, what repeated."""
    concurrency: dict[str, Any] = {"CONCURRENCY": str(IN_FLIGHT)}
    with bench.load() as load:
        with bench.run(contender, load, bots(BOTS), **concurrency) as process:
            load.wait_for_polls(process, BOTS)
            load.set(bots=bots(BOTS), kind="sleep", rate=1e6, count=IN_FLIGHT)
            wait_until(lambda: load.board.started >= IN_FLIGHT, "all turns are in flight", 20)
            seconds = process.stop()
        load.set()
        with bench.run(contender, load, bots(BOTS), fresh=False, **concurrency) as process:
            load.wait_for_polls(process, BOTS)
            came_true(lambda: load.board.ended >= IN_FLIGHT, 4)
            time.sleep(3)
        ends = Counter(load.board.ends(range(IN_FLIGHT)))
    return {
        "seconds": seconds,
        "lost": ends[0],
        "repeated": sum(times for often, times in ends.items() if often > 1),
    }
