"""The tests in `tests/bot/` of a baked project in both modes: in one process, and against a running
stack."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.native import Sandbox

pytestmark = pytest.mark.slow
BOT_TESTS = ["tests/bot", "--ignore=tests/bot/test_manager.py"]
"""Those in `test_manager.py` always start a service."""


def run_pytest(project: Path, *arguments: str) -> str:
    """Run the project's pytest and return what it says. Fails if it fails."""
    done = subprocess.run(
        [project / ".venv/bin/python", "-m", "pytest", "-p", "no:cacheprovider", "-rs", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_in_one_process_nobody_needs_the_network(equipped: Path) -> None:
    assert "skipped" not in run_pytest(equipped, "-p", "no_network", *BOT_TESTS)


def test_the_same_tests_pass_against_a_running_stack(equipped: Path, tmp_path: Path) -> None:
    sandbox = Sandbox(equipped, str(equipped / ".venv/bin/python"), tmp_path)
    sandbox.start()
    try:
        with sandbox.bots():
            for workers in ("0", "2"):  # the second time it has seen others before
                said = run_pytest(equipped, "-n", workers, *BOT_TESTS, "--sandbox", sandbox.url)
                skipped = [line for line in said.splitlines() if line.startswith("SKIPPED")]
                assert skipped
                why = "has bots, a dispatcher or a time of its own"
                assert all(why in line for line in skipped)
    finally:
        sandbox.kill()
