"""The settings that make Telegram send a bot's updates to its webhook, and whether it can."""

import asyncio
import hashlib
import math
import time
from collections.abc import Sequence

import structlog
from aiogram.exceptions import TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.types import WebhookInfo
from aiogram.utils.backoff import Backoff, BackoffConfig
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.bots.pending import Pending
from fleet.inbox import Inbox
from fleet.intake.webhook import PATH
from fleet.ops.crowd import Crowd
from fleet.redis.errors import describe
from fleet.vault import Vault

CONNECTIONS = 40
"""How many requests Telegram makes at once for one bot. Its default: https://core.telegram.org/bots/api#setwebhook"""
CHECK_INTERVAL = 300.0
"""Seconds between two looks at a webhook with which all is well."""
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=60.0, factor=2.0, jitter=0.2)
"""Seconds between two looks while it is not, or updates wait at Telegram, or it is new."""
NEW_FOR = 120.0
"""Seconds for which a webhook is new: if it does not work, most likely it never did."""

log = structlog.get_logger(__name__)


class WebhookKeeper:
    """Keeps one bot's webhook set at Telegram for as long as its task runs, and shows how it is.

    Does not remove it at its end: a rolling deploy must not lose it.

    Args:
        member: the bot.
        inbox: tells when its last update came.
        vault: derives the secret of the bot from its token.
        base_url: WEBHOOK_URL.
        allowed_updates: types of updates to ask for.
        pending: tells whether to drop what waits at Telegram.
        crowd: the voice of all keepers of this replica.
    """

    def __init__(
        self,
        member: Member,
        inbox: Inbox,
        vault: Vault,
        base_url: str,
        allowed_updates: Sequence[str],
        pending: Pending,
        crowd: Crowd,
    ) -> None:
        self._member = member
        self._inbox = inbox
        self._secret = vault.webhook_secret(member.bot.token)
        self._url = webhook_url(base_url, member.id, self._secret)
        self._allowed_updates = list(allowed_updates)
        self._terms: tuple[list[str], int | None] = sorted(allowed_updates), CONNECTIONS
        self._pending = pending
        self._crowd = crowd
        self._set_at = -math.inf
        self._unreached = False
        self._backoff = Backoff(BACKOFF)

    async def run(self) -> None:
        """Look now and from time to time, until cancelled."""
        with structlog.contextvars.bound_contextvars(bot_id=self._member.id):
            try:
                while True:
                    await self._rest(await self._step())
            finally:
                self._member.enter(BotState.STOPPED)

    async def _step(self) -> float:
        """Look once, set if needed. Returns the seconds until the next look."""
        try:
            if self._member.username is None:
                self._member.username = (await self._member.bot.get_me()).username
            info = await self._look()
            reason = await self._find_error(info)
        except TelegramUnauthorizedError as error:
            self._note(BotState.UNAUTHORIZED, f"Telegram refuses the token: {error.message}")
        except TelegramRetryAfter as error:
            self._note(BotState.FLOOD_WAIT, error.message)
            return error.retry_after
        except RedisError as error:
            self._note(BotState.BACKING_OFF, describe(error))
        except Exception as error:  # noqa: BLE001 - one bot's trouble is its own, whatever it is
            self._note(BotState.BACKING_OFF, f"{type(error).__name__}: {error}")
        else:
            self._show(info, reason)
            new = time.monotonic() - self._set_at < NEW_FOR
            if not info.pending_update_count and not new:
                self._backoff.reset()
                return CHECK_INTERVAL
        return next(self._backoff)

    async def _rest(self, seconds: float) -> None:
        """Wait so long. Should a turn find the token refused meanwhile, then look soon."""
        self._member.refused.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._member.refused.wait()
        except TimeoutError:
            return
        self._backoff.reset()
        await self._backoff.asleep()

    async def _look(self) -> WebhookInfo:
        """Tell what Telegram has, which is our webhook: it is set where Telegram has another."""
        bot = self._member.bot
        info = await bot.get_webhook_info()
        drop = await self._pending.is_due(self._member.id)
        if info.url == self._url and _terms(info) == self._terms and not drop:
            return info
        await bot.set_webhook(
            self._url,
            secret_token=self._secret,
            allowed_updates=self._allowed_updates,
            max_connections=CONNECTIONS,
            drop_pending_updates=drop,
        )
        if drop:
            await self._pending.drop(self._member.id)
        self._set_at = time.monotonic()
        self._crowd.say(log.info, "the webhook is set", username=self._member.username)
        info = await bot.get_webhook_info()
        if info.url == self._url:
            # Types that Telegram does not know are gone, and its own choice it does not name: what
            # it answers now is ours.
            self._terms = _terms(info)
        return info

    async def _find_error(self, info: WebhookInfo) -> str | None:
        """Tell why updates wait at Telegram, if it is for want of delivery.

        Telegram keeps the last error until the webhook is set again: it is over when nothing waits
        any more, or an update has come since.
        """
        if not info.pending_update_count or info.last_error_date is None:
            return None
        last = await self._inbox.last.of(self._member.id)
        if last is not None and last >= info.last_error_date.timestamp():
            return None
        return info.last_error_message or "it does not say why"

    def _show(self, info: WebhookInfo, error: str | None) -> None:
        pending = info.pending_update_count
        if error is None:
            self._member.enter(BotState.RUNNING)
            if self._unreached:
                self._crowd.say(log.info, "Telegram reaches the webhook again", pending=pending)
        else:
            updates = f"{pending:,} update{'' if pending == 1 else 's'}"
            text = f"Telegram cannot deliver {updates} to the webhook: {error}"
            self._member.enter(BotState.BACKING_OFF, text)
            if not self._unreached:
                self._crowd.say(
                    log.warning,
                    "Telegram cannot reach the webhook",
                    url=self._url,
                    pending=pending,
                    error=error,
                )
        self._unreached = error is not None

    def _note(self, state: BotState, error: str) -> None:
        if self._member.enter(state, error):
            self._crowd.say(
                log.warning, "the webhook cannot be looked after", state=state, error=error
            )


def webhook_url(base_url: str, bot_id: int, secret: str) -> str:
    """Build the address that Telegram gets.

    It ends with a fingerprint of the secret, as getWebhookInfo does not show the secret itself: so
    a new SECRET_KEY or token shows as another address.
    """
    fingerprint = hashlib.sha256(secret.encode()).hexdigest()[:8]
    return f"{base_url}{PATH.format(bot_id=bot_id)}?secret={fingerprint}"


def _terms(info: WebhookInfo) -> tuple[list[str], int | None]:
    return sorted(info.allowed_updates or []), info.max_connections
