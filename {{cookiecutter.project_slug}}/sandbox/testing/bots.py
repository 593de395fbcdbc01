"""The bots under test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot


@dataclass(frozen=True, slots=True)
class BotUnderTest:
    """What the fixture `bots` names: a token and what handlers of this bot get besides.

    The token decides the bot's id. Against a running stack `data` is the service's business.
    """

    token: str
    data: Mapping[str, Any] = field(default_factory=dict)
    bot: Bot | None = None
    """The object that the project's code has of this bot, if it uses one by its name."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]+:.+", self.token):
            raise ValueError(f"{self.token!r} is no token; one looks like 123456789:AA…")

    @property
    def id(self) -> int:
        """Telegram's id of the bot: the digits before the colon."""
        return int(self.token.partition(":")[0])


def under_test(bots: Mapping[str, BotUnderTest | Bot]) -> dict[str, BotUnderTest]:
    """What the fixture `bots` names. Raises TypeError."""
    for name, one in bots.items():
        if not isinstance(one, BotUnderTest | Bot):
            raise TypeError(f"the bot {name!r} is a {type(one).__name__}: give BotUnderTest(token)")
    return {
        name: BotUnderTest(one.token, bot=one) if isinstance(one, Bot) else one
        for name, one in bots.items()
    }


@dataclass(frozen=True, slots=True)
class Account:
    """A bot as people see it."""

    name: str
    """As the tests call it."""
    id: int
    username: str
    """Without the @."""
