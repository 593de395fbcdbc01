"""What came out, medians of it, and how it is written into README.md."""

import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.measures import Numbers

Results = dict[tuple[str, str], list[Numbers]]
"""By measure and contender, a round after the other; those of measure 4, a size after the other."""

README = Path(__file__).parent / "README.md"


def put(name: str, body: str) -> None:
    """Put it where README.md shows what is called so."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = README.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    README.write_text(f"{before}{begin}\n{body}\n{end}{after}", encoding="utf-8")


def names(results: Results, measure: str) -> list[str]:
    """Give those who took part in a measure."""
    return [name for kind, name in results if kind == measure]


def values(results: Results, measure: str, name: str, key: str) -> list[float]:
    """Give one figure of every round."""
    return [numbers[key] for numbers in results[measure, name]]


def median(results: Results, measure: str, name: str, key: str) -> float:
    """Give its median."""
    return statistics.median(values(results, measure, name, key))


def compare(
    how: Callable[[float, float], float],
    results: Results,
    measure: str,
    pair: tuple[str, str],
    key: str,
) -> float:
    """Compare two within each round, as the machine may be slower in one than in another."""
    first, second = (values(results, measure, name, key) for name in pair)
    return statistics.median(how(a, b) for a, b in zip(first, second, strict=True))


def percent(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.0f} %"


def spread(figures: Iterable[float]) -> str:
    """Write the least and the most, or one figure if they are the same."""
    told = list(figures)
    return "–".join(f"{figure:.0f}" for figure in sorted({min(told), max(told)}))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table: names to the left, figures to the right."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] + ["--:"] * (len(lines[0]) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
