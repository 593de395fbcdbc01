"""The README says what the sandbox does."""

import inspect
import re

from aiogram.types import Update

from sandbox.control.commands import COMMANDS
from sandbox.methods.accounts import set_business_account_gift_settings
from sandbox.methods.checked import CHECKED
from sandbox.methods.decode import known_methods
from sandbox.methods.table import METHODS
from sandbox.testing import User
from tests.conftest import SOURCE

README = SOURCE / "sandbox" / "README.md"


def named(text: str) -> list[str]:
    """The methods that a text names."""
    return re.findall(r"`([a-z]+[A-Za-z]*)`", text)


def test_the_tables_name_every_method() -> None:
    section = README.read_text("utf-8").partition("## What is emulated")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    modelled = [name for row in rows for name in named(row)]
    assert sorted(modelled) == sorted(known_methods()[name].__api_method__ for name in METHODS)
    checked = section.partition("Checked, without an effect")[2].partition("\n\n")[0]
    assert named(checked) == sorted(CHECKED)


def test_it_names_every_kind_of_update() -> None:
    told = README.read_text("utf-8").partition("Bots get these updates")[2].partition("\n\n")[0]
    names = re.findall(r"`([a-z_]+)`", told)
    assert sorted(names) == sorted(Update.model_fields.keys() - {"update_id"})


def test_every_word_of_people_is_told() -> None:
    section = README.read_text("utf-8").partition("\n## Tests\n")[2].partition("\n## ")[0]
    words = {name for name, _ in inspect.getmembers(User, inspect.isfunction)}
    table = "\n".join(line for line in section.splitlines() if line.startswith("| "))
    told = set(re.findall(r"\w+", table))
    assert {word for word in words if not word.startswith("_")} - told == {"key"}


def test_what_people_do_are_commands() -> None:
    table = README.read_text("utf-8").partition("besides writing:")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z_]+)`", table)
    assert set(named) - {"content", "link", "thread_id"} <= COMMANDS.keys()
    assert len(named) > 30


def test_what_a_method_costs() -> None:
    files = (SOURCE / "sandbox" / "methods").glob("*.py")
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in files)
    assert lines / len(METHODS) < 35
    small = set_business_account_gift_settings
    assert small.__name__ in README.read_text("utf-8")
    assert len(inspect.getsource(small).splitlines()) <= 5
