"""The sheet on which a test is written: who is there, what is said, and what it is called."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sandbox.saving.words import checks, literal, said, slug
from sandbox.world.events import Json
from sandbox.world.files import Files

TAKEN = {"user", "chat", "telegram", "team", "offered", "Path", "pytest", "Refused"}
"""Names that mean something in a test."""


@dataclass
class Sheet:
    """What is known while a test is written."""

    title: str
    """Of a group; empty for a private chat."""
    people: Mapping[int, Json]
    """Users by id, who are in the chat."""
    bots: Mapping[int, str]
    """What tests call the bots in the chat, by id."""
    files: Files
    open_bots: Collection[str] = ()
    """Those of the bots that have no privacy mode."""
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is to be done before it can run."""
    needs: set[str] = field(default_factory=set)
    """Names that are used and to be imported."""
    raw: dict[int, Json] = field(default_factory=dict)
    """Messages as they are now."""
    names: dict[int, str] = field(default_factory=dict)
    """Of variables with a message."""
    people_names: dict[int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=lambda: TAKEN | set(keyword.kwlist))
    queries: dict[str, Json] = field(default_factory=dict)
    """Inline queries that were answered."""

    def reader(self) -> str:
        """Who looks at what the bots say."""
        return next(iter(self.people_names.values()), "somebody")

    def here(self) -> str:
        """Where something is read, as an argument; empty for the private chat."""
        return "team" if self.title else ""

    def member(self, member_id: int) -> str:
        """A person, or a bot by its name."""
        return self.people_names.get(member_id) or literal(self.bots.get(member_id, "unknown"))

    def name(self, wanted: str) -> str:
        """A name for a variable that is not used yet."""
        base = slug(wanted) or "somebody"
        number, name = 1, base
        while name in self.used:
            number += 1
            name = f"{base}_{number}"
        self.used.add(name)
        return name

    def put(self, line: str) -> None:
        """A line of the test."""
        self.lines.append(line)

    def check(self, name: str, message: Json) -> None:
        """A message, which a variable has, is as it was."""
        for one in checks(message):
            self.put(f"assert {self.checked(name, *one)}")

    def checked(self, message: str, name: str, value: object) -> str:
        """An expression that is true if a message is as it was."""
        if name == "in":
            return f'"{value}" in {message}.raw'
        if isinstance(value, list):
            return f"{message}.buttons == [{', '.join(map(literal, value))}]"
        return f"{message}.{name} == {said(str(value), self.people_names, split=True)}"
