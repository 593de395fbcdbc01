"""Webhooks: Telegram's requests into the inbox, and the settings that make Telegram send them."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from aiogram.exceptions import TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.types import WebhookInfo
from aiogram.utils.backoff import Backoff, BackoffConfig
from aiohttp import web
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.inbox import Inbox, InboxFull
from fleet.intake.damage import is_update
from fleet.lenient import loads
from fleet.ops.clients import client_address
from fleet.redis.errors import Complaint, trouble_of
from fleet.vault import Vault

PATH = "/webhook/{bot_id}"
LARGEST_BODY = 1 << 20
"""Bytes. Telegram's updates stay far below."""
BODY_TIMEOUT = 10.0
"""Seconds for a request's body to arrive."""
CONNECTIONS = 40
"""How many requests Telegram makes at once for one bot. Its default: https://core.telegram.org/bots/api#setwebhook"""
CHECK_INTERVAL = 600.0
"""Seconds between two looks whether Telegram still has the webhook."""
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=60.0, factor=2.0, jitter=0.2)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

log = structlog.get_logger(__name__)


class WebhookReceiver:
    """Takes Telegram's requests. 200 means that the inbox has the update.

    After any other answer Telegram repeats it.

    Args:
        inbox: where updates go.
        vault: derives the secret of a bot from its token.
        find: gives the member with a bot's id, or None.
        accepting: tells whether this replica takes updates.
        trusted_proxies: how many proxies stand in front, whose word on the client's address counts.
    """

    def __init__(
        self,
        inbox: Inbox,
        vault: Vault,
        find: Callable[[int], Member | None],
        accepting: Callable[[], bool],
        trusted_proxies: int,
    ) -> None:
        self._inbox = inbox
        self._vault = vault
        self._find = find
        self._accepting = accepting
        self._trusted_proxies = trusted_proxies
        self._waits = Complaint(log, "updates stay with Telegram")

    async def receive(self, request: web.Request) -> web.Response:
        """Answer `POST /webhook/{bot_id}`."""
        member = self._authenticate(request)
        if member is None:
            # The same answer, and the same work, for an unknown bot and for a wrong secret.
            log.info("a forged webhook", client=client_address(request, self._trusted_proxies))
            return web.Response(status=401)
        if not self._accepting():
            return _later("the replica is stopping")
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await _read(request)
        except TimeoutError:
            return web.Response(status=408)
        if body is None:
            return web.Response(status=413)
        update = _parse(body)
        if update is None:
            log.error("Telegram sent what is no update", bot_id=member.id, bytes=len(body))
            return web.Response(status=400, text="not an update")
        try:
            await self._inbox.put(member.id, [update])
        except InboxFull as error:
            return _later(str(error))
        except RedisError as error:
            self._waits.about(error)
            return _later(f"Redis {trouble_of(error)}")
        self._waits.over()
        return web.Response()

    def _authenticate(self, request: web.Request) -> Member | None:
        bot_id = request.match_info["bot_id"]
        member = self._find(int(bot_id)) if bot_id.isdecimal() and len(bot_id) < 20 else None
        secret = self._vault.webhook_secret(member.bot.token if member else "")
        given = request.headers.get(SECRET_HEADER, "")
        right = hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode())
        return member if right else None


class WebhookKeeper:
    """Keeps one bot's webhook set at Telegram for as long as its task runs.

    Never removes it: a rolling deploy must not lose it.
    """

    def __init__(
        self, member: Member, vault: Vault, base_url: str, allowed_updates: Sequence[str]
    ) -> None:
        self._member = member
        self._secret = vault.webhook_secret(member.bot.token)
        self._url = webhook_url(base_url, member.id, self._secret)
        self._allowed_updates = sorted(allowed_updates)

    async def run(self) -> None:
        """Set the webhook where Telegram has another one or none, now and from time to time."""
        backoff = Backoff(BACKOFF)
        with structlog.contextvars.bound_contextvars(bot_id=self._member.id):
            try:
                while True:  # noqa: ASYNC110 - no event tells of a change at Telegram
                    await asyncio.sleep(await self._ensure(backoff))
            finally:
                self._member.enter(BotState.STOPPED)

    async def _ensure(self, backoff: Backoff) -> float:
        """Look once, set if needed. Returns the seconds until the next look."""
        bot = self._member.bot
        try:
            if self._member.username is None:
                self._member.username = (await bot.get_me()).username
            info = await bot.get_webhook_info()
            if not self._is_right(info):
                await bot.set_webhook(
                    self._url,
                    secret_token=self._secret,
                    allowed_updates=self._allowed_updates,
                    max_connections=CONNECTIONS,
                )
                log.info("the webhook is set", username=self._member.username)
        except TelegramUnauthorizedError as error:
            self._note(BotState.UNAUTHORIZED, f"Telegram refuses the token: {error.message}")
        except TelegramRetryAfter as error:
            self._note(BotState.FLOOD_WAIT, error.message)
            return error.retry_after
        except Exception as error:  # noqa: BLE001 - one bot's trouble is its own, whatever it is
            self._note(BotState.BACKING_OFF, f"{type(error).__name__}: {error}")
        else:
            backoff.reset()
            self._member.enter(BotState.RUNNING)
            return CHECK_INTERVAL
        return next(backoff)

    def _is_right(self, info: WebhookInfo) -> bool:
        return (
            info.url == self._url
            and sorted(info.allowed_updates or []) == self._allowed_updates
            and info.max_connections == CONNECTIONS
        )

    def _note(self, state: BotState, error: str) -> None:
        if self._member.enter(state, error):
            log.warning("the webhook is not set", state=state, error=error)


def webhook_url(base_url: str, bot_id: int, secret: str) -> str:
    """Build the address that Telegram gets.

    It ends with a fingerprint of the secret, as getWebhookInfo does not show the secret itself: so
    a new SECRET_KEY or token shows as another address.
    """
    fingerprint = hashlib.sha256(secret.encode()).hexdigest()[:8]
    return f"{base_url}{PATH.format(bot_id=bot_id)}?secret={fingerprint}"


async def _read(request: web.Request) -> bytes | None:
    """Read the body; None if it is too large."""
    if (request.content_length or 0) > LARGEST_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _parse(body: bytes) -> Mapping[str, Any] | None:
    try:
        update = loads(body)
    except ValueError:
        return None
    return update if is_update(update) else None


def _later(reason: str) -> web.Response:
    return web.Response(status=503, text=reason, headers={"Retry-After": "1"})
