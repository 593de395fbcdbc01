"""What is known of an outage of Telegram, so that no turn is begun that cannot say anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.utils.backoff import Backoff, BackoffConfig

from fleet.ops.crowd import Crowd

if TYPE_CHECKING:
    from aiogram import Bot

# Seconds between two looks whether Telegram is back.
BACKOFF = BackoffConfig(min_delay=0.5, max_delay=10.0, factor=2.0, jitter=0.1)

log = structlog.get_logger(__name__)


def is_fault(error: BaseException) -> bool:
    """Tell whether calls fail like this while Telegram is away; they may do so otherwise, too."""
    return isinstance(
        error, TelegramNetworkError | TelegramServerError | ClientDecodeError
    ) and not isinstance(error, TelegramEntityTooLarge)


@dataclass(slots=True)
class _Outage:
    backoff: Backoff = field(default_factory=lambda: Backoff(BACKOFF))
    next_probe: float = 0.0

    def put_off(self) -> None:
        self.next_probe = asyncio.get_running_loop().time() + next(self.backoff)


class Outages:
    """The bots for which Telegram is away, by what it answers to each: its trouble may be with one.

    Nothing runs in the background: whoever asks when the next probe is due makes it.

    Args:
        ask: has a bot call getMe, in a time that it bounds itself.
    """

    def __init__(self, ask: Callable[[Bot], Awaitable[object]]) -> None:
        self._ask = ask
        self._outages: dict[int, _Outage] = {}
        self._crowd = Crowd()

    def seconds_left(self, bot_id: int) -> float:
        """Return the seconds until the next probe; 0.0 if it is due, or Telegram is not away."""
        outage = self._outages.get(bot_id)
        return max(0.0, outage.next_probe - asyncio.get_running_loop().time()) if outage else 0.0

    async def is_away(self, bot: Bot, *, suspected: bool = False) -> bool:
        """Tell whether Telegram is away for this bot.

        That costs a call if an outage is known and the next probe is due, or if there is none and
        one is `suspected`, because a call has failed.

        Raises:
            TelegramUnauthorizedError, TelegramNotFound: Telegram is there and refuses the token.
        """
        outage = self._outages.get(bot.id)
        if self.seconds_left(bot.id):
            return True
        if outage is None and not suspected:
            return False
        if outage is not None:
            outage.put_off()  # others who ask meanwhile make no probe of their own
        try:
            await self._ask(bot)
        except (TelegramUnauthorizedError, TelegramNotFound):
            self._over(bot)
            raise
        except (TelegramAPIError, ClientDecodeError) as error:
            if is_fault(error):
                self._begin(bot, error)
                return True
        self._over(bot)
        return False

    def _begin(self, bot: Bot, error: Exception) -> None:
        if bot.id not in self._outages:
            self._crowd.say(
                log.warning, "Telegram is away; turns wait", bot_id=bot.id, error=str(error)
            )
        self._outages.setdefault(bot.id, _Outage()).put_off()

    def _over(self, bot: Bot) -> None:
        if self._outages.pop(bot.id, None):
            self._crowd.say(log.info, "Telegram is back", bot_id=bot.id)
