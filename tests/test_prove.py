"""The proofs of the baked project, in a file of their own: they take as long as the rest."""

from pathlib import Path

import pytest

from tests.native import run_make


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_make_prove_passes(equipped: Path) -> None:
    said = run_make("prove", equipped)
    assert " passed" in said.splitlines()[-1]
