"""Which name was meant by one that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """The nearest of the names that are there, to be put behind the one that is not; empty if none
    is near."""
    found = get_close_matches(name, known, 1)
    return f" (did you mean {found[0]}?)" if found else ""


def unknown(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those that are not there, each with the nearest one that is."""
    known = list(known)
    return [f"{name}{nearest(name, known)}" for name in sorted(names) if name not in known]
