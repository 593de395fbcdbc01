"""READMEs tell what is there: tests, settings, commands and scripts."""

import ast
import re
from pathlib import Path

import pytest

from demo import ROOT
from tests.conftest import SOURCE

README = SOURCE / "README.md"


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def test_tests_that_are_named_exist() -> None:
    """Each claim names its test; a test that is renamed must not leave its claim alone."""
    sources = [*ROOT.glob("tests/**/*.py"), *SOURCE.glob("tests/**/*.py")]
    tests = {
        name for source in sources for name in re.findall(r"def (test_\w+)\(", text_of(source))
    }
    for readme in (ROOT / "README.md", README):
        named = set(re.findall(r"`(test_\w+)`", text_of(readme)))
        assert named, readme
        assert named <= tests, named - tests


def settings_of(module: str, name: str) -> dict[str, str | None]:
    """The variables of a class of settings, each with its default if that is a number."""
    tree = ast.parse(text_of(SOURCE / module))
    [body] = [one.body for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name]
    found: dict[str, str | None] = {}
    for field in body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            first = field.value.args[:1] if isinstance(field.value, ast.Call) else []
            value = first[0].value if first and isinstance(first[0], ast.Constant) else None
            number = type(value) in (int, float)
            found[field.target.id.upper()] = str(value) if number else None
    return found


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \| ([^|]+) \|", text_of(README), re.MULTILINE)
    table = {name: default for names, default in rows for name in re.findall(r"[A-Z_]+", names)}
    settings = settings_of("fleet/settings.py", "Settings")
    settings |= settings_of("bot/settings.py", "BotSettings")
    assert settings.keys() == table.keys()
    for name, default in settings.items():
        assert default is None or default in re.findall(r"\d+", table[name]), name


def commands_of(module: str) -> list[str]:
    found = re.findall(r'app\.command\((?:"(\w+)")?\)\((?:\w+\.)?(\w+)\)', text_of(SOURCE / module))
    return [name or function for name, function in found]


def test_all_commands_are_told() -> None:
    cli = "fleet/cli/__init__.py"
    whole = text_of(SOURCE / cli)
    groups = re.findall(r'app\.add_typer\((\w+)\.create_app\(\), name="([\w-]+)"\)', whole)
    rows = [line for line in text_of(README).splitlines() if line.startswith("| `fleet ")]
    told = "\n".join(rows)
    for command in commands_of(cli):
        assert f"`fleet {command}" in told, command
    for module, group in groups:
        row = next(row for row in rows if row.startswith(f"| `fleet {group} "))
        for command in commands_of(f"fleet/cli/{module}.py"):
            assert re.search(rf"\b{command}\b", row), (group, command)


@pytest.mark.parametrize("folder", ["inbox", "shards"])
def test_the_life_of_an_update_has_all_scripts(folder: str) -> None:
    told = text_of(SOURCE / "docs/life-of-an-update.md")
    scripts = {path.name for path in SOURCE.glob(f"fleet/{folder}/scripts/*.lua")}
    assert {name for name in scripts - {"common.lua"} if f"`{name}`" not in told} == set()
