"""What waits for an answer: presses and payments for the bot's, inline queries for its results,
polls for votes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox.world.chats import Chat
from sandbox.world.events import Json

KEPT = 10_000
"""Of each kind; the oldest are forgotten."""
T = TypeVar("T")


@dataclass(slots=True)
class Press:
    """A callback query: https://core.telegram.org/bots/api#callbackquery."""

    bot_id: int
    user_id: int
    chat: Chat
    notice: Json | None = None
    """What it was answered with."""


@dataclass(slots=True)
class InlineQuery:
    """What a user typed behind a bot's name: https://core.telegram.org/bots/api#inlinequery."""

    bot_id: int
    text: str
    answer: asyncio.Future[Json]
    """The parameters of answerInlineQuery."""


@dataclass(slots=True)
class Checkout:
    """A user is about to pay: https://core.telegram.org/bots/api#precheckoutquery."""

    bot_id: int
    kind: str
    """shipping or pre_checkout."""
    answer: asyncio.Future[Json]
    """What the bot agrees to, or the `error_message` that says why it refuses."""


@dataclass(slots=True)
class Poll:
    """A poll and who voted for what: https://core.telegram.org/bots/api#poll."""

    bot_id: int | None
    """Who has sent it; None: a person, so that no bot is told of it."""
    chat: Chat
    message_id: int
    votes: dict[int, list[int]] = field(default_factory=dict)
    """Indices of the options by user id."""

    def count(self, described: Json) -> Json:
        """The Poll object with these votes counted."""
        options = [
            option | {"voter_count": sum(index in chosen for chosen in self.votes.values())}
            for index, option in enumerate(described["options"])
        ]
        voters = sum(bool(chosen) for chosen in self.votes.values())
        return described | {"options": options, "total_voter_count": voters}


class Recent(OrderedDict[str, T]):
    """What was added last, by id, up to KEPT."""

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        if len(self) > KEPT:
            self.popitem(last=False)
