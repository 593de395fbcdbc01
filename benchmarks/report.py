"""The tables of all measures."""

from collections.abc import Callable
from functools import partial
from operator import sub, truediv

from benchmarks.board import CHATS, CONVERSATIONS, WORK
from benchmarks.broadcast import BESIDE, RATE, REPLIES
from benchmarks.machine import FLEET
from benchmarks.measures import IN_FLIGHT, LOW_RATE, SAME_RATE, Numbers
from benchmarks.replicas import BOTS, ONE
from benchmarks.tables import (
    Results,
    compare,
    median,
    names,
    percent,
    put,
    spread,
    table,
    values,
)

OURS = FLEET.name
SENDERS = {100: 150}
"""How many bots poll while one sends, where it is not as many as in the look at memory."""


def write(results: Results, machine: str, rounds: int) -> None:
    """Put tables and plot where README.md shows them."""
    from benchmarks.plot import PLOT, draw  # who only looks needs no matplotlib

    draw(results)
    noted = f"Rounds: {rounds}, in each of which the contenders took turns. Figures are medians."
    body = f"{text(results, machine)}\n\n![the same as a plot]({PLOT.name})"
    put("results", f"{noted}\n\n{body}")


def text(results: Results, machine: str) -> str:
    """Write the tables."""
    told = [f"{machine}."]
    if loads := [
        numbers
        for (measure, _), n in results.items()
        if measure in ("read", "echo", "form")
        for numbers in n
    ]:
        busiest = max(loads, key=lambda numbers: numbers["load_share"] + numbers["redis_share"])
        told.append(
            f"Of the load's core the server took {percent(busiest['load_share'])} and Redis "
            f"{percent(busiest['redis_share'])} when they were busiest."
        )
    measured = {measure for measure, _ in results}
    for number, (measure, title, write_table) in MEASURES.items():
        if measure in measured:
            told += [f"### {number}. {title}", write_table(results)]
    return "\n\n".join(told)


def _throughput(measure: str, results: Results) -> str:
    rows = []
    for name in names(results, measure):
        figures = {
            key: median(results, measure, name, key)
            for key in ("per_cpu_second", "per_second", "redis_us")
        }
        ratio = compare(truediv, results, measure, (OURS, name), "per_cpu_second")
        rows.append(
            (name, f"{figures['per_cpu_second']:,.0f}", f"{figures['per_second']:,.0f}",
             f"{figures['redis_us']:.0f}", "" if name == OURS else f"{ratio:.2f}")
        )  # fmt: skip
    head = (
        "",
        "per CPU second",
        "per second",
        "µs of Redis for each",
        f"{OURS} is … times that",
    )
    return table(head, rows)


def _delays(results: Results) -> str:
    head = [
        "",
        f"{LOW_RATE:.0f}/s, ms",
        f"{SAME_RATE:,.0f}/s, ms",
        "half of its own rate in 1, ms",
        "CPU µs for each at the second",
    ]
    rows = []
    for name in names(results, "low"):
        cells = [
            f"p50 {median(results, measure, name, 'p50'):.1f}, "
            f"p99 {median(results, measure, name, 'p99'):.1f}"
            + (
                f" (at {median(results, measure, name, 'rate'):,.0f}/s)"
                if measure == "half"
                else ""
            )
            for measure in ("low", "same", "half")
        ]
        rows.append((name, *cells, f"{median(results, 'same', name, 'cpu_us'):.0f}"))
    beside = f"How much more {OURS} takes:"
    return "\n\n".join([table(head, rows), beside, _delays_beside(results)])


def _delays_beside(results: Results) -> str:
    rows = []
    for name in names(results, "low"):
        if name != OURS:
            low, half = (
                compare(sub, results, measure, (OURS, name), "p50") for measure in ("low", "half")
            )
            ratio = compare(truediv, results, "same", (OURS, name), "cpu_us")
            rows.append((f"than {name}", f"{low:+.2f}", f"{half:+.2f}", f"{ratio:.2f} times"))
    head = (
        "",
        f"p50 at {LOW_RATE:.0f}/s, ms",
        "p50 at half of its own rate, ms",
        f"CPU at {SAME_RATE:,.0f}/s",
    )
    return table(head, rows)


def _idle(results: Results) -> str:
    ours = {n["bots"]: n["rss"] for n in results["idle", OURS]}
    rows = []
    for name in names(results, "idle"):
        sends = {int(n["bots"]): n for n in results.get(("send", name), [])}
        for n in results["idle", name]:
            size = int(n["bots"])
            send = sends.get(SENDERS.get(size, size))
            ratio = "" if name == OURS else f"{ours[n['bots']] / n['rss']:.2f}"
            rows.append(
                (name, f"{size:,}", f"{n['rss']:.0f}", f"{n['pss']:.0f}", ratio,
                 f"{100 * n['idle_share']:.2f} %", _send(send))
            )  # fmt: skip
    head = (
        "",
        "bots",
        "RSS MiB",
        "PSS MiB",
        f"RSS of {OURS} is … times that",
        "CPU",
        "`sendMessage` (at 150 for 100 bots)",
    )
    return table(head, rows)


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
            f"{median(results, 'stop', name, 'seconds'):.1f} s",
            *(spread(values(results, "stop", name, key)) for key in ("lost", "repeated")),
        )
        for name in names(results, "stop")
    ]
    return table(("", "until it has ended", "lost", "repeated"), rows)


def _replicas(results: Results) -> str:
    rows = []
    for name in names(results, "replicas"):
        ratio = compare(truediv, results, "replicas", (name, ONE), "per_second")
        shares = spread(100 * share for share in values(results, "replicas", name, "least"))
        rows.append(
            (name, f"{median(results, 'replicas', name, 'per_second'):,.0f}",
             *(("", "") if name == ONE else (f"{ratio:.2f}", f"{shares} %")),
             f"{median(results, 'replicas', name, 'cpu_us'):,.0f}")
        )  # fmt: skip
    head = (
        "",
        "per second",
        "times one replica",
        "the smaller share of the turns",
        f"CPU µs of the replicas for each, of which {1e6 * WORK:,.0f} are the handler's",
    )
    return table(head, rows)


def _broadcasts(results: Results) -> str:
    rows = []
    for name in names(results, "news"):
        ratio = compare(truediv, results, "news", (OURS, name), "per_second")
        rate, cpu = (median(results, "news", name, key) for key in ("per_second", "cpu_us"))
        rows.append((name, f"{rate:,.0f}", f"{cpu:.0f}", "" if name == OURS else f"{ratio:.2f}"))
    head = ("", "messages per second", "CPU µs for each", f"{OURS} sends … times as many")
    beside = f"At `BULK_RATE={RATE}`, while {REPLIES:.0f} messages of users a second are answered:"
    return "\n\n".join([table(head, rows), beside, _replies(results)])


def _replies(results: Results) -> str:
    rows = []
    for name in names(results, "pace"):
        p50, p95, worst = (median(results, "pace", name, key) for key in ("p50", "p95", "worst"))
        rate = median(results, "pace", name, "per_second") if name == BESIDE else None
        rows.append(
            (name, f"{rate:.2f}" if rate else "", f"{p50:.1f}", f"{p95:.1f}", f"{worst:.0f}")
        )
    head = ("", "its messages per second", "answers, p50 ms", "p95 ms", "worst ms")
    return table(head, rows)


MEASURES: dict[int, tuple[str, str, Callable[[Results], str]]] = {
    1: ("read", "Updates handled in one second of CPU", partial(_throughput, "read")),
    2: ("echo", "Echo: the same with one `sendMessage` each", partial(_throughput, "echo")),
    3: ("low", "From the arrival to the handler", _delays),
    4: ("idle", "Bots that poll and get nothing", _idle),
    5: ("stop", f"SIGTERM with {IN_FLIGHT} turns in flight that take 2 s", _stops),
    6: (
        "form",
        "A form's step: reads state and data, writes both, one `sendMessage`",
        partial(_throughput, "form"),
    ),
    7: (
        "replicas",
        f"Two replicas: {BOTS * CONVERSATIONS} busy conversations of {BOTS} bots",
        _replicas,
    ),
    8: ("news", f"A broadcast to {len(CHATS):,} chats", _broadcasts),
}
"""By number: the first thing that is noted of it, its title, and its table."""
