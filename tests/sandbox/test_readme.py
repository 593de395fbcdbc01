"""The README says what the sandbox does."""

import re

from sandbox.methods.decode import known_methods
from sandbox.methods.table import METHODS
from tests.conftest import SOURCE

README = SOURCE / "sandbox" / "README.md"


def test_the_table_names_the_methods_that_are_emulated() -> None:
    section = README.read_text("utf-8").partition("## What is emulated")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    named = [name for row in rows for name in re.findall(r"`([a-z]+[A-Za-z]*)`", row)]
    assert sorted(named) == sorted(known_methods()[name].__api_method__ for name in METHODS)
