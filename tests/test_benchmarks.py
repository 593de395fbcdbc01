"""The benchmarks, as quick as they can be: they run, and their figures fit each other.

How good the figures are is not asked here: this machine may have other things to do.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "TEST_BENCHMARKS" not in os.environ, reason="seven minutes: set TEST_BENCHMARKS=1"
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks look into /proc"),
    pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="the benchmarks need two cores"),
]

Table = dict[str, list[str]]
"""The cells of each row by the name that begins it; the head's is empty."""


def run(module: str, project: Path) -> list[Table]:
    """Run it with the project's own tools. Returns the tables that come last."""
    command = [
        str(project / ".venv/bin/python"),
        "-m",
        module,
        "--quick",
        "--project",
        str(project),
    ]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=env, check=False, stdout=subprocess.PIPE, text=True
    )
    print(done.stdout)
    assert done.returncode == 0
    tables = []
    for block in done.stdout.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if lines:
            rows = [[cell.strip() for cell in line[1:-1].split(" | ")] for line in lines]
            tables.append({row[0]: row[1:] for row in rows if "---" not in row})
    return tables


def number(cell: str) -> float:
    """Read `1,234`, `+0.12 ms`, `p50 1.2, p99 3.4` (the first of the two) or `43 %`."""
    return float(cell.removeprefix("p50 ").split()[0].replace(",", ""))


def is_ratio(cell: str, first: str, second: str) -> bool:
    """Whether it is the ratio of these figures: all three are rounded, and may be small."""
    over, under = number(first), number(second)
    least, most = (over - 0.5) / (under + 0.5), (over + 0.5) / max(under - 0.5, 1e-9)
    return least - 0.01 <= number(cell) <= most + 0.01


def test_the_measures(equipped: Path) -> None:
    read, echo, delays, beside, idle, stops, form, replicas, *news = run("benchmarks", equipped)
    stock = ["aiogram", "aiogram, isolation"]
    uvloop = [f"{name}, uvloop" for name in stock]
    for throughput in (read, echo, form):
        assert set(throughput) == {"", "this project", *stock, *uvloop}
        for name in (*stock, *uvloop):
            ours, theirs = throughput["this project"], throughput[name]
            assert is_ratio(theirs[3], ours[0], theirs[0]), name
    for name in stock:
        ours, theirs, more = delays["this project"], delays[name], beside[f"than {name}"]
        for cell, column in ((more[0], 0), (more[1], 2)):
            difference = number(ours[column]) - number(theirs[column])
            assert number(cell) == pytest.approx(difference, abs=0.11), name
        assert is_ratio(more[2], ours[3], theirs[3]), name
        assert number(stops[name][1]) > 0
    assert stops["this project"][1:] == ["0", "0"]
    assert all(0.5 < number(cells[3]) < 2 for name, cells in idle.items() if "aiogram" in name)
    one, *two = (cells for name, cells in replicas.items() if name)
    assert len(two) == 2
    for cells in two:
        assert is_ratio(cells[1], cells[0], one[0])
        assert 0 <= number(cells[2]) <= 50
    sent, replies = news
    ours, theirs = sent["this project"], sent["aiogram"]
    assert is_ratio(theirs[2], ours[0], theirs[0])
    [rate] = [cells[0] for name, cells in replies.items() if "broadcast at" in name]
    assert number(rate) == pytest.approx(30, rel=0.03), "it keeps its pace"


def test_the_big_fleet(equipped: Path) -> None:
    *_, figures, scripts = run("benchmarks.fleet", equipped)
    assert figures[""] == ["10 bots", "100 bots"]
    assert all(len(cells) == 2 for cells in figures.values())
    assert figures["updates left when time was over"] == ["0", "0"]
    assert figures["updates handled more than once"] == ["0", "0"]
    for name in (
        "updates handled a second",
        "µs of a replica's CPU for each",
        "`/health` at rest, ms",
    ):
        assert all(number(cell) > 0 for cell in figures[name]), name
    named = {name.strip("`") for name in scripts if name.endswith(".lua`")}
    assert named
    assert named <= {path.name for path in equipped.glob("fleet/**/*.lua")}
    assert not [name for name in scripts if name.startswith("`script")], "whose is it?"
    assert all(number(cells[4]) > 0 for name, cells in scripts.items() if name.strip("`") in named)
