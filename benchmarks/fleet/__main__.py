"""Measure a fleet of ten thousand bots, in about twenty minutes, and write README.md.

A fleet of a tenth as many comes first: what grows with the number of bots is seen beside it.
"""

import argparse
import resource
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.fleet.report import Played, text
from benchmarks.fleet.scene import Seconds, Size, play
from benchmarks.machine import bench, describe
from benchmarks.tables import put

QUICK = Seconds(settle=2.0, rest=2.0, busy=2.0)
REPLICA_MIB = 220
BOT_MIB = 0.06
"""What a replica takes for itself, and for each bot."""


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, with a few bots")
    parser.add_argument("--bots", type=int, help="10,000, or 100 with --quick")
    parser.add_argument("--replicas", type=int, help="10, or 2 with --quick")
    parser.add_argument("--project", type=Path, help="a baked project; else one is baked")
    options = parser.parse_args()
    # A connection for each long poll.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    bots, replicas, updates = (100, 2, 20_000) if options.quick else (10_000, 10, 200_000)
    bots = options.bots or bots
    replicas = fitting(options.replicas or replicas, bots)
    big = Size(bots, bots // 5, replicas, updates)
    seconds = QUICK if options.quick else Seconds()
    fleets = []
    with bench(options.project) as arena:
        for size in (replace(big, bots=big.bots // 10, resting=big.resting // 10), big):
            fleets.append(Played(size, *play(arena, size, seconds)))
            print(text(fleets[-1:], describe()), flush=True)
    told = text(fleets, describe())
    if options.quick:
        print(told)
    else:
        put("results of the big fleet", told)


def fitting(replicas: int, bots: int) -> int:
    """Say how many of the replicas, each with all bots, fit into memory."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))
    fit = int(free / (REPLICA_MIB + BOT_MIB * bots))
    if fit < replicas:
        print(f"{fit} of {replicas} replicas: no more fit into memory", file=sys.stderr)
    return max(1, min(fit, replicas))


if __name__ == "__main__":
    main()
