"""The baked project by its own commands, without Docker."""

import time
from pathlib import Path

import pytest

from tests.conftest import Say
from tests.native import run_make


@pytest.mark.slow
def test_make_lint_passes(equipped: Path) -> None:
    """It is `ruff check`, `ruff format --check` and `mypy --strict`; no fixes."""
    run_make("lint", equipped)


@pytest.mark.slow
def test_make_test_passes(equipped: Path, say: Say) -> None:
    """How long it takes is told and judged by people: machines differ."""
    begin = time.monotonic()
    said = run_make("test", equipped)
    say(f"make test of a baked project: {time.monotonic() - begin:.0f} s")
    assert " passed" in said.splitlines()[-1]
