"""Webhooks: Telegram's requests into the inbox."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from fleet.bots.pending import Pending
from fleet.inbox import Inbox, InboxFull
from fleet.intake.damage import is_update
from fleet.intake.doorman import Doorman
from fleet.lenient import loads
from fleet.redis.errors import Complaint, trouble_of

PATH = "/webhook/{bot_id}"
LARGEST_BODY = 1 << 20
"""Bytes. Telegram's updates stay far below."""
BODY_TIMEOUT = 10.0
"""Seconds for a request's body to arrive."""

log = structlog.get_logger(__name__)


def paths(base_url: str) -> set[str]:
    """Tell where webhooks are served: under the path of WEBHOOK_URL and without it.

    A proxy in front may keep that path or strip it.
    """
    return {PATH, urlsplit(base_url).path + PATH}


class WebhookReceiver:
    """Takes Telegram's requests. 200 means that the inbox has the update.

    After any other answer Telegram repeats it. A replica that drains takes updates for as long as
    it can be reached: whoever has their turns, Redis has them.

    Args:
        inbox: where updates go.
        doorman: tells whose requests are Telegram's.
        pending: tells which bots still have to drop what came before the start.
        knows_fleet: tells whether this replica knows the bots by now.
    """

    def __init__(
        self,
        inbox: Inbox,
        doorman: Doorman,
        pending: Pending,
        knows_fleet: Callable[[], bool],
    ) -> None:
        self._inbox = inbox
        self._doorman = doorman
        self._pending = pending
        self._knows_fleet = knows_fleet
        self._waits = Complaint(log, "updates stay with Telegram")

    async def receive(self, request: web.Request) -> web.Response:
        """Answer a POST to one of `paths`."""
        if not self._knows_fleet():
            return _later("the replica is starting")
        member = self._doorman.admit(request)
        if member is None:
            return web.Response(status=401)
        if member.id in self._pending:
            return _later("the bot drops what came before the start")
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
