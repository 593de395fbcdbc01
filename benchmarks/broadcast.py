"""Measure 8: a broadcast to ten thousand chats, beside a plain loop on stock aiogram.

What counts is when messages arrive at the load server, from the first to the last.
"""

import statistics
import time

from benchmarks.board import CHATS
from benchmarks.machine import FLEET, Bench, Contender, Load, bots
from benchmarks.measures import BOTS, Numbers, Seconds, finish
from benchmarks.process import wait_until

RATE = 30
"""BULK_RATE of the second part: what a project has unless told otherwise."""
REPLIES = 50.0
"""Messages of users a second meanwhile, each of which gets its echo."""
PATIENCE = 120.0
"""Seconds for all of it, on a slow machine."""
ALONE, BESIDE = "no broadcast", f"a broadcast at {RATE}/s"


def flat_out(bench: Bench, contender: Contender) -> Numbers:
    """Send it as fast as the contender can."""
    with bench.load() as load, bench.run(contender, load, bots(BOTS), BULK_RATE="0") as process:
        load.wait_for_polls(process, BOTS)
        used = process.cpu
        _begin(load)
        everyone = len(CHATS)
        wait_until(lambda: load.news()["messages"] >= everyone, "all have it", PATIENCE)
        used = process.cpu - used
        news = load.news()
        if (news["messages"], news["chats"]) != (everyone, everyone):
            raise AssertionError("not each chat has it once")
        # The first stands for the time before: it is not in the count.
        seconds = (news["last"] - news["first"]) / 1e6
        return {"per_second": (everyone - 1) / seconds, "cpu_us": 1e6 * used / everyone}


def at_its_pace(bench: Bench, seconds: Seconds) -> dict[str, Numbers]:
    """Answer users, first without a broadcast, then beside one that goes at RATE."""
    with bench.load() as load, bench.run(FLEET, load, bots(BOTS), BULK_RATE=str(RATE)) as process:
        load.wait_for_polls(process, BOTS)
        alone = _replies(load, seconds)
        _begin(load)
        wait_until(lambda: load.news()["messages"] > RATE, "it is under way", PATIENCE)
        before = load.news()
        beside = _replies(load, seconds)
        after = load.news()
        sent, passed = (after[key] - before[key] for key in ("messages", "last"))
        return {ALONE: alone, BESIDE: {**beside, "per_second": 1e6 * sent / passed}}


def _begin(load: Load) -> None:
    """Have the first bot told to send it."""
    load.set(bots=bots(1), kind="broadcast", rate=1e6, count=1)


def _replies(load: Load, seconds: Seconds) -> Numbers:
    """From the arrival of users' messages to that of their answers."""
    first = load.set(bots=bots(BOTS), kind="echo", rate=REPLIES, answers=True)["updates"]
    time.sleep(seconds.replies)
    times = sorted(load.board.delays(range(first, finish(load))))
    return {
        "p50": statistics.median(times) / 1000,
        "p95": times[int(len(times) * 0.95)] / 1000,
        "worst": times[-1] / 1000,
    }
