"""The tables of the big fleet."""

from dataclasses import dataclass

from benchmarks.fleet.scene import Size
from benchmarks.fleet.scripts import NOTED_FROM, Taken, Times
from benchmarks.measures import Numbers
from benchmarks.tables import percent, table

FIGURES = (
    ("idle bytes in Redis for each bot, after one update", "bytes", "{:,.0f}"),
    ("of these, gone 25 hours after it", "passing_bytes", "{:,.0f}"),
    ("seconds until all bots are polled", "start", "{:.0f}"),
    ("RSS of a replica, MiB", "rss", "{:.0f}"),
    ("CPU of a replica at rest, ms a second", "rest_ms", "{:.1f}"),
    ("of Redis", "rest_redis_ms", "{:.1f}"),
    ("CPU of a replica with all bots paused, ms a second", "reconcile_ms", "{:.1f}"),
    ("of Redis", "reconcile_redis_ms", "{:.1f}"),
    ("updates handled a second", "per_second", "{:,.0f}"),
    ("µs of a replica's CPU for each", "cpu_us", "{:.0f}"),
    ("µs of Redis' CPU for each", "redis_us", "{:.0f}"),
    ("of these, in scripts", "script_us", "{:.0f}"),
    ("updates left when time was over", "left", "{:,.0f}"),
    ("updates handled more than once", "repeated", "{:,.0f}"),
    ("`/health` at rest, ms", "health_ms", "{:.0f}"),
    ("worst", "health_worst_ms", "{:.0f}"),
    ("of the replica's CPU", "health_cpu_ms", "{:.0f}"),
    ("`/health` while updates are handled, ms", "busy_health_ms", "{:.0f}"),
    ("worst", "busy_health_worst_ms", "{:.0f}"),
    ("seconds from SIGTERM to the end of all replicas", "stop", "{:.1f}"),
)
FULL = 0.95
"""Share of the replicas' cores from which on they want more than they get."""


@dataclass(frozen=True)
class Played:
    """One fleet and what came out."""

    size: Size
    figures: Numbers
    times: Times


def text(fleets: list[Played], machine: str) -> str:
    """Write the tables, a column for each fleet."""
    sizes = [f"{one.size.bots:,} bots" for one in fleets]
    rows = [
        (label, *(form.format(one.figures[key]) for one in fleets)) for label, key, form in FIGURES
    ]
    commands = [key for key in fleets[0].figures if key.startswith("fleet ")]
    rows += [
        (f"seconds of `{key}`", *(f"{one.figures[key]:.1f}" for one in fleets)) for key in commands
    ]
    return "\n\n".join(
        [
            f"{machine}.",
            *(_about(one) for one in fleets),
            table(("", *sizes), rows),
            f"µs in Redis of each script, and of commands that took {NOTED_FROM} µs or more:",
            _scripts(fleets, sizes),
        ]
    )


def _about(fleet: Played) -> str:
    size = fleet.size
    told = (
        f"{size.bots:,} bots, of which {size.resting:,} rest with "
        f"{size.resting * size.conversations:,} updates; {size.replicas} replicas; "
        f"{size.updates:,} updates for {(size.bots - size.resting) * size.conversations:,} "
        "conversations at once."
    )
    if fleet.figures["rest_share"] > FULL or fleet.figures["reconcile_share"] > FULL:
        share = max(fleet.figures["rest_share"], fleet.figures["reconcile_share"])
        told += (
            f" At rest the replicas' cores were {percent(share)} busy: they want more CPU than "
            "the figures say."
        )
    return told


def _scripts(fleets: list[Played], sizes: list[str]) -> str:
    names = sorted(
        {name for one in fleets for name in one.times},
        # Scripts first, and those first that take the most.
        key=lambda name: (".lua" not in name, -sum(fleets[-1].times.get(name, ()))),
    )
    columns = ("calls", "p50", "p99", "worst")
    head = ["", *(f"{what}, {size}" for size in sizes for what in columns)]
    rows = []
    for name in names:
        cells = []
        for one in fleets:
            if times := one.times.get(name):
                taken = Taken.of(times)
                cells += [f"{n:,.0f}" for n in (taken.calls, taken.p50, taken.p99, taken.worst)]
            else:
                cells += [""] * 4
        rows.append((f"`{name}`", *cells))
    return table(head, rows)
