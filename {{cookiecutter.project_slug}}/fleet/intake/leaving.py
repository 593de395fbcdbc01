"""The webhooks of bots that have left the fleet: nobody wants what Telegram sends there."""

import asyncio
from collections.abc import Callable

import structlog
from aiogram.exceptions import TelegramNotFound, TelegramUnauthorizedError
from aiogram.utils.backoff import Backoff, BackoffConfig

from fleet.bots.member import Member
from fleet.intake.keeper import webhook_url
from fleet.vault import Vault

TRIES = 5
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=60.0, factor=3.0, jitter=0.2)
"""Seconds before each try. The first: a bot that is removed and added again keeps its webhook."""
AT_ONCE = 8
"""Webhooks that are removed at once: messages come first."""

log = structlog.get_logger(__name__)


class Leaving:
    """Removes webhooks in the background, each with a few tries.

    One that a replica does not get done before it stops stays; so does that of a bot that was taken
    out of BOT_TOKENS, which no replica knows any more then.

    Args:
        vault: derives the secret of a bot, by which its webhook is known as ours.
        base_url: WEBHOOK_URL.
        find: gives the member with a bot's id, or None.
    """

    def __init__(self, vault: Vault, base_url: str, find: Callable[[int], Member | None]) -> None:
        self._vault = vault
        self._base_url = base_url
        self._find = find
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, member: Member) -> None:
        """Remove the webhook of this former member, unless the bot is back by then."""
        task = asyncio.create_task(self._remove(member))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _remove(self, member: Member) -> None:
        backoff = Backoff(BACKOFF)
        structlog.contextvars.bind_contextvars(bot_id=member.id)
        error: Exception | None = None
        for _ in range(TRIES):
            await backoff.asleep()
            try:
                async with self._room:
                    await self._try(member)
            except (TelegramUnauthorizedError, TelegramNotFound):
                return  # the token is no more, and nobody can
            except Exception as failure:  # noqa: BLE001 - whatever it is, it is tried again
                error = failure
            else:
                return
        log.warning("the webhook of a bot that has left is still set", error=str(error))

    async def _try(self, member: Member) -> None:
        url = webhook_url(self._base_url, member.id, self._vault.webhook_secret(member.bot.token))
        # Another service may have the bot by now, and its own webhook set.
        there = (await member.bot.get_webhook_info()).url
        if there == url and self._find(member.id) is None:
            await member.bot.delete_webhook()
            log.info("the webhook of a bot that has left is removed")
