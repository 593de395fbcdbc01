"""Webhooks: Telegram's requests into the inbox."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from fleet.bots.member import Member
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

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

log = structlog.get_logger(__name__)


def paths(base_url: str) -> set[str]:
    """Tell where webhooks are served: under the path of WEBHOOK_URL and without it.

    A proxy in front may keep that path or strip it.
    """
    return {PATH, urlsplit(base_url).path + PATH}


class WebhookReceiver:
    """Takes Telegram's requests. 200 means that the inbox has the update.

    After any other answer Telegram repeats it.

    Args:
        inbox: where updates go.
        vault: derives the secret of a bot from its token.
        find: gives the member with a bot's id, or None.
        accepting: tells whether this replica takes updates of a bot.
        trusted_proxies: how many proxies stand in front, whose word on the client's address counts.
    """

    def __init__(
        self,
        inbox: Inbox,
        vault: Vault,
        find: Callable[[int], Member | None],
        accepting: Callable[[int], bool],
        trusted_proxies: int,
    ) -> None:
        self._inbox = inbox
        self._vault = vault
        self._find = find
        self._accepting = accepting
        self._trusted_proxies = trusted_proxies
        self._waits = Complaint(log, "updates stay with Telegram")

    async def receive(self, request: web.Request) -> web.Response:
        """Answer a POST to one of `paths`."""
        member = self._authenticate(request)
        if member is None:
            # The same answer, and the same work, for an unknown bot and for a wrong secret.
            log.info("a forged webhook", client=client_address(request, self._trusted_proxies))
            return web.Response(status=401)
        if not self._accepting(member.id):
            return _later("the replica is starting or stopping")
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
