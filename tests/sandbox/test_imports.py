"""No module of these folders needs, in the end, itself: a circle of imports, also one for types
alone, is one large module in several files."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import SOURCE


def imports(path: Path, package: str) -> set[str]:
    """The modules of a package that a file imports."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    named = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    found = {node.module or "" for node in named}
    found |= {f"{node.module}.{one.name}" for node in named for one in node.names}
    return {one for one in found if one.startswith(f"{package}.")}


@pytest.mark.parametrize("folder", ["control", "methods", "testing", "world"])
def test_no_circle(folder: str) -> None:
    package = f"sandbox.{folder}"
    paths = list((SOURCE / "sandbox" / folder).glob("[!_]*.py"))
    assert len(paths) > 5
    TopologicalSorter({f"{package}.{one.stem}": imports(one, package) for one in paths}).prepare()
