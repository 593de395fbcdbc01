"""Which turns updates get in a test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from aiogram import Bot, Dispatcher

from sandbox.world.events import Json


class Turn(Protocol):
    """One run through the handlers."""

    @property
    def conversation(self) -> Hashable:
        """Turns of the same one are taken one after the other."""

    @property
    def update(self) -> Json:
        """What it is for."""

    @property
    def take(self) -> Callable[[], Awaitable[Any]]:
        """Returns what the handler has returned; raises what no error handler took."""


class Turns(Protocol):
    """What the fixture `turns` gives."""

    async def plan(self, bot: Bot, updates: list[Json], data: Mapping[str, Any]) -> Sequence[Turn]:
        """The turns to take for what has come for a bot, whose handlers get `data` besides."""


@dataclass(frozen=True, slots=True)
class PlainTurn:
    """A turn that is aiogram's alone."""

    conversation: Hashable
    update: Json
    take: Callable[[], Awaitable[Any]]


class PlainTurns:
    """Each update has a turn of its own; those of a user in a chat come one after the other."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def plan(self, bot: Bot, updates: list[Json], data: Mapping[str, Any]) -> list[PlainTurn]:
        """See `Turns`. That the clock was moved is no update of Telegram's."""
        feed = self._dispatcher.feed_raw_update
        return [
            PlainTurn(conversation_of(bot.id, update), update, partial(feed, bot, update, **data))
            for update in updates
            if "clock" not in update
        ]


def conversation_of(bot_id: int, update: Json) -> tuple[int, int, int]:
    """What is kept in order: bot, chat and user; the private chat if there is no chat."""
    event = next((value for value in update.values() if isinstance(value, dict)), {})
    chat = event.get("chat") or event.get("message", {}).get("chat") or {}
    user = event.get("from") or event.get("user") or {}
    user_id = user.get("id", 0)
    return bot_id, chat.get("id", user_id), user_id
