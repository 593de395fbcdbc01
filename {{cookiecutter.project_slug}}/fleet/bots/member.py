"""One bot of the fleet and how it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line needs the states, not the two seconds that aiogram takes
    from aiogram import Bot


class BotState(StrEnum):
    """How a bot is, as `/health` shows it."""

    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing-off"
    FLOOD_WAIT = "flood-wait"
    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(eq=False)
class Member:
    """A bot of the fleet. Its state is written by its intake and read by all others."""

    bot: Bot
    role: str | None
    paused: bool = False
    state: BotState | str = BotState.STARTING
    error: str | None = None
    username: str | None = None
    flood_wait: Callable[[], float] = lambda: 0.0
    """Tells for how many seconds Telegram has told the bot to make no calls."""
    changed_at: float = 0.0
    """When the state or error changed last, by the monotonic clock."""
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when anybody finds that Telegram refuses the token, so that its intake looks soon."""

    @property
    def id(self) -> int:
        return self.bot.id

    def enter(self, state: BotState | str, error: str | None = None) -> bool:
        """Note a new state. Returns whether anything changed."""
        changed = (state, error) != (self.state, self.error)
        if changed:
            self.state, self.error, self.changed_at = state, error, time.monotonic()
            if state is BotState.UNAUTHORIZED:
                self.refused.set()
        return changed
