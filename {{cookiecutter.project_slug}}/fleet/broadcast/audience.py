"""Who gets a broadcast: which of the chats that a bot knows and can reach."""

import re
from dataclasses import dataclass
from typing import Self

from fleet.directory.chats import TYPES, ChatType, today

HOW = "write all, private, groups, channels or active=30d, or several, separated by commas"

_KINDS = {
    "private": {ChatType.PRIVATE},
    "groups": {ChatType.GROUP, ChatType.SUPERGROUP},
    "channels": {ChatType.CHANNEL},
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Those of these types, and with an update within so many days."""

    types: frozenset[ChatType] = frozenset(ChatType)
    days: int | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `all`, `private`, `groups`, `channels`, `active=30d`, or several with commas.

        Raises ValueError, which says what to write.
        """
        types: set[ChatType] = set()
        days = None
        for word in text.split(","):
            if active := re.fullmatch(r"active=([0-9]{1,5})d", word):
                days = int(active[1])
            elif word == "all":
                types |= set(ChatType)
            elif word in _KINDS:
                types |= _KINDS[word]
            else:
                raise ValueError(f'"{word}" is no audience: {HOW}')
        return cls(frozenset(types or ChatType), days)

    @property
    def letters(self) -> str:
        """The types as the directory keeps them."""
        return "".join(letter for letter, kind in TYPES.items() if kind in self.types)

    @property
    def since(self) -> int:
        """The first day on which an update counts, in days of Unix time."""
        return 0 if self.days is None else today() - self.days
