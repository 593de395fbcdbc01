"""Medians, tables and the plot."""

import statistics
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.measures import IN_FLIGHT, LOW_RATE, SAME_RATE, Numbers

Results = dict[tuple[str, str], list[Numbers]]
"""By measure and contender, a round after the other; those of measure 4, a size after the other."""

README = Path(__file__).parent / "README.md"
PLOT = Path(__file__).parent / "results.svg"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
OURS, STOCK, ISOLATION = "this project", "aiogram", "aiogram, isolation"
SENDERS = {100: 150}
"""How many bots poll while one sends, where it is not as many as in the look at memory."""
COLOURS = ("#1f77b4", "#ff7f0e", "#d62728", "#8c8c8c")


def write(results: Results, machine: str, rounds: int) -> None:
    """Put table and plot where README.md shows them."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    plot(results)
    body = f"{text(results, machine)}\n\n![the same as a plot]({PLOT.name})"
    noted = f"Rounds: {rounds}, in each of which the contenders took turns. Figures are medians."
    README.write_text(f"{before}{BEGIN}\n{noted}\n\n{body}\n{END}{after}", encoding="utf-8")


def text(results: Results, machine: str) -> str:
    """Write the tables."""
    loads = [
        numbers
        for (measure, _), n in results.items()
        if measure in ("read", "echo")
        for numbers in n
    ]
    busiest = max(loads, key=lambda numbers: numbers["load_share"] + numbers["redis_share"])
    return "\n\n".join(
        [
            f"{machine}.",
            (
                f"Of the load's core the server took {_percent(busiest['load_share'])} and Redis "
                f"{_percent(busiest['redis_share'])} when they were busiest."
            ),
            "### 1. Updates handled in one second of CPU",
            _throughput(results, "read"),
            "### 2. Echo: the same with one `sendMessage` each",
            _throughput(results, "echo"),
            "### 3. From the arrival to the handler",
            _delays(results),
            "### 4. Bots that poll and get nothing",
            _idle(results),
            f"### 5. SIGTERM with {IN_FLIGHT} turns in flight that take 2 s",
            _stops(results),
        ]
    )


def plot(results: Results) -> None:
    """Draw measures 1 to 4."""
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(9, 6), layout="constrained")
    (first, second), (third, fourth) = figure.subplots(2, 2)
    for axes, measure, title in (
        (first, "read", "1. updates per CPU second"),
        (second, "echo", "2. echoes per CPU second"),
    ):
        names = _names(results, measure)
        values = [_median(results, measure, name, "per_cpu_second") for name in names]
        axes.barh(names[::-1], values[::-1], color=["#8c8c8c"] * (len(names) - 1) + [COLOURS[0]])
        axes.set_title(title)
    names = _names(results, "low")
    for at, name in enumerate(names):
        for place, measure in enumerate(("low", "same", "half")):
            p50, p99 = (_median(results, measure, name, key) for key in ("p50", "p99"))
            where = place + 0.25 * (at - 1)
            third.plot([where, where], [p50, p99], color=COLOURS[at])
            third.plot(where, p50, "o", color=COLOURS[at], label=name if place == 0 else None)
    third.set_xticks(range(3), [f"{LOW_RATE:.0f}/s", f"{SAME_RATE:.0f}/s", "half of its own load"])
    third.set_yscale("log")
    third.set_title("3. delay in ms, p50 (dot) to p99")
    third.legend()
    for at, name in enumerate(_names(results, "idle")):
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


def _throughput(results: Results, measure: str) -> str:
    rows = []
    for name in _names(results, measure):
        values = {
            key: _median(results, measure, name, key)
            for key in ("per_cpu_second", "per_second", "redis_us")
        }
        ratio = "" if name == OURS else f"{_ratio(results, measure, name):.2f}"
        rows.append(
            (name, f"{values['per_cpu_second']:,.0f}", f"{values['per_second']:,.0f}",
             f"{values['redis_us']:.0f}", ratio)
        )  # fmt: skip
    head = (
        "",
        "per CPU second",
        "per second",
        "µs of Redis for each",
        "this project is … times that",
    )
    return _table(head, rows)


def _delays(results: Results) -> str:
    head = ["", *(f"{what}, ms" for what in _loads()), "CPU µs for each at the second"]
    rows = []
    for name in _names(results, "low"):
        cells = [
            f"p50 {_median(results, measure, name, 'p50'):.1f}, "
            f"p99 {_median(results, measure, name, 'p99'):.1f}"
            + (
                f" (at {_median(results, measure, name, 'rate'):,.0f}/s)"
                if measure == "half"
                else ""
            )
            for measure in ("low", "same", "half")
        ]
        rows.append((name, *cells, f"{_median(results, 'same', name, 'cpu_us'):.0f}"))
    return _table(head, rows)


def _loads() -> tuple[str, str, str]:
    return f"{LOW_RATE:.0f}/s", f"{SAME_RATE:,.0f}/s", "half of its own rate in 1"


def _idle(results: Results) -> str:
    rows = []
    for name in _names(results, "idle"):
        sends = {int(n["bots"]): n for n in results.get(("send", name), [])}
        for n in results["idle", name]:
            size = int(n["bots"])
            send = sends.get(SENDERS.get(size, size))
            rows.append(
                (name, f"{size:,}", f"{n['rss']:.0f}", f"{n['pss']:.0f}",
                 f"{100 * n['idle_share']:.2f} %", _send(send))
            )  # fmt: skip
    head = ("", "bots", "RSS MiB", "PSS MiB", "CPU", "`sendMessage` (at 150 for 100 bots)")
    return _table(head, rows)


def _send(numbers: Numbers | None) -> str:
    if numbers is None:
        return ""
    if numbers["p50"] == float("inf"):
        return "hangs"
    return f"{numbers['p50']:.1f} ms, worst {numbers['worst']:.0f}"


def _stops(results: Results) -> str:
    rows = [
        (
            name,
            f"{_median(results, 'stop', name, 'seconds'):.1f} s",
            *(
                "–".join(f"{n:.0f}" for n in sorted({low, high}))
                for low, high in (
                    _range(results, "stop", name, key) for key in ("lost", "repeated")
                )
            ),
        )
        for name in _names(results, "stop")
    ]
    return _table(("", "until it has ended", "lost", "repeated"), rows)


def _names(results: Results, measure: str) -> list[str]:
    return [name for kind, name in results if kind == measure]


def _values(results: Results, measure: str, name: str, key: str) -> list[float]:
    return [numbers[key] for numbers in results[measure, name]]


def _median(results: Results, measure: str, name: str, key: str) -> float:
    return statistics.median(_values(results, measure, name, key))


def _range(results: Results, measure: str, name: str, key: str) -> tuple[float, float]:
    values = _values(results, measure, name, key)
    return min(values), max(values)


def _ratio(results: Results, measure: str, name: str) -> float:
    """Compare within each round, as the machine may be slower in one than in another."""
    ours, theirs = (_values(results, measure, who, "per_cpu_second") for who in (OURS, name))
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] + ["--:"] * (len(lines[0]) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
