"""How the modules of the project hang together."""

import ast
from collections.abc import Container
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from demo import ROOT
from tests.conftest import SOURCE, files_of

PARTS = {"bot": {"bot", "fleet"}, "fleet": {"fleet"}, "sandbox": {"sandbox"}}
"""What each imports of the three."""
LONGEST = 300
"""Lines of a file of code, tests included."""
CODE = ("*.py", "*.lua", "*.js", "*.mjs", "*.css", "*.sh")


def modules_of(part: str) -> dict[str, Path]:
    found = {}
    for path in (SOURCE / part).rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports_of(path: Path, modules: Container[str]) -> set[str]:
    """All modules that a module imports, wherever it does and whatever for."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            taken = {f"{node.module}.{one.name}" for one in node.names}
            found |= {one if one in modules else node.module for one in taken}
    return found


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imports_what_it_may_and_in_no_circle(part: str) -> None:
    modules = modules_of(part)
    imports = {name: imports_of(path, modules) for name, path in modules.items()}
    parts = {one.partition(".")[0] for named in imports.values() for one in named}
    assert parts & PARTS.keys() <= PARTS[part]
    TopologicalSorter({name: named & modules.keys() for name, named in imports.items()}).prepare()


def test_no_file_is_long() -> None:
    lines = {name: (ROOT / name).read_text("utf-8").count("\n") for name in files_of(ROOT, *CODE)}
    assert len(lines) > 500
    assert {name: number for name, number in lines.items() if number > LONGEST} == {}
