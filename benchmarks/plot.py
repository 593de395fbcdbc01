"""The plot beside the tables."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.measures import LOW_RATE, SAME_RATE
from benchmarks.tables import Results, median, names

PLOT = Path(__file__).parent / "results.svg"
COLOURS = ("#1f77b4", "#ff7f0e", "#d62728", "#8c8c8c")


def draw(results: Results) -> None:
    """Draw measures 1 to 4."""
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(9, 6), layout="constrained")
    (first, second), (third, fourth) = figure.subplots(2, 2)
    for axes, measure, title in (
        (first, "read", "1. updates per CPU second"),
        (second, "echo", "2. echoes per CPU second"),
    ):
        who = names(results, measure)
        values = [median(results, measure, name, "per_cpu_second") for name in who]
        axes.barh(who[::-1], values[::-1], color=["#8c8c8c"] * (len(who) - 1) + [COLOURS[0]])
        axes.set_title(title)
    who = names(results, "low")
    for at, name in enumerate(who):
        for place, measure in enumerate(("low", "same", "half")):
            p50, p99 = (median(results, measure, name, key) for key in ("p50", "p99"))
            where = place + 0.25 * (at - 1)
            third.plot([where, where], [p50, p99], color=COLOURS[at])
            third.plot(where, p50, "o", color=COLOURS[at], label=name if place == 0 else None)
    third.set_xticks(range(3), [f"{LOW_RATE:.0f}/s", f"{SAME_RATE:.0f}/s", "half of its own load"])
    third.set_yscale("log")
    third.set_title("3. delay in ms, p50 (dot) to p99")
    third.legend()
    for at, name in enumerate(names(results, "idle")):
        sizes = results["idle", name]
        fourth.plot(
            [n["bots"] for n in sizes],
            [n["rss"] for n in sizes],
            "o-",
            color=COLOURS[at],
            label=name,
        )
    fourth.set_ylim(bottom=0)
    fourth.set_title("4. MiB resident, by polling bots")
    fourth.legend()
    figure.savefig(PLOT, metadata={"Date": None})
