"""What to write instead of a word, or an argument of one, that people of a test do not have."""

from __future__ import annotations

import inspect
import re

from sandbox.nearest import nearest
from sandbox.testing.bots import BotUnderTest
from sandbox.testing.business import Business
from sandbox.testing.groups import Group
from sandbox.testing.message import InlineResult, Message, Notice
from sandbox.testing.people import User
from sandbox.testing.telegram import Telegram

KINDS = (BotUnderTest, Business, Group, InlineResult, Message, Notice, Telegram, User)
OWNERS = {one.__qualname__: one for kind in KINDS for one in kind.__mro__}
UNEXPECTED = re.compile(r"(\w+)\.(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def hint(error: BaseException) -> str:
    """Which there are, for an error of Python's that does not say it; empty for any other."""
    if isinstance(error, AttributeError) and isinstance(error.obj, KINDS):
        there = [name for name in dir(error.obj) if not name.startswith("_")]
        name = error.name or ""
        return f"There is no {name}{nearest(name, there)}; there are: {listed(there)}"
    found = UNEXPECTED.match(str(error)) if isinstance(error, TypeError) else None
    word = getattr(OWNERS.get(found[1]), found[2], None) if found else None
    if found is None or word is None:
        return ""
    takes = [name for name in inspect.signature(word).parameters if name != "self"]
    return f"There is no {found[3]}{nearest(found[3], takes)}; it takes: {listed(takes)}"


def listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
