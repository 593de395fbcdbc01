"""Delivery of updates to a bot's webhook: https://core.telegram.org/bots/api#setwebhook.

Updates of one chat or user go one after the other, others at the same time, up to
`max_connections`. An answer that is not 2xx is tried again after the seconds of its Retry-After,
or after a pause that doubles; nothing is given up. A method in the answer is run
(https://core.telegram.org/bots/api#making-requests-when-getting-updates). Unlike Telegram: plain
http and any port are allowed, certificates are not checked, pauses are short.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
import orjson
from yarl import URL

from sandbox.world.events import Events, Json
from sandbox.world.files import Upload

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
TIMEOUT = 60.0
"""Seconds for one attempt."""

NOT_RUN = ("setwebhook", "deletewebhook", "logout", "close")
"""Methods that an answer cannot name, beside those that get something."""

log = logging.getLogger(__name__)

RunMethod = Callable[[Json, dict[str, Upload]], Coroutine[Any, Any, None]]
"""Runs the `method` that is among the values, with the others and the files."""


class Owner(Protocol):
    """What a webhook needs of its bot."""

    bot_id: int
    events: Events

    def settled(self, done: Counter[int]) -> None: ...


def with_scheme(address: str) -> str:
    """An address, with https if it does not say."""
    return address if "://" in address else f"https://{address}"


class Lane:
    """The updates of one chat or user, in order."""

    __slots__ = ("pause", "updates")

    def __init__(self) -> None:
        self.updates: deque[Json] = deque()
        self.pause = FIRST_PAUSE


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook is: the parameters of https://core.telegram.org/bots/api#setwebhook."""

    url: str
    secret_token: str
    max_connections: int
    ip_address: str = ""
    """Where to connect to, whatever the name in the URL stands for."""
    has_certificate: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """What each request tells."""
        secret = {"X-Telegram-Bot-Api-Secret-Token": self.secret_token} if self.secret_token else {}
        named = {"Host": self.named.authority} if self.ip_address else {}
        return {"Content-Type": "application/json", **secret, **named}

    @property
    def named(self) -> URL:
        """The URL, with https if it does not say."""
        return URL(with_scheme(self.url))

    @property
    def reached(self) -> URL:
        """The same with the address in place of the name."""
        return self.named.with_host(self.ip_address) if self.ip_address else self.named


class Webhook:
    """A bot's webhook and its deliveries. Call `close` when it is replaced."""

    def __init__(
        self, bot: Owner, session: aiohttp.ClientSession, address: Address, run: RunMethod
    ) -> None:
        self.address = address
        self.done = Counter[int]()
        """Delivered updates that wait for an older one, which is still tried; an id that was pushed
        twice counts twice."""
        self.last_error: tuple[int, str] | None = None
        """Unix time and text."""
        self._told = ""
        """The error that the log tells of."""
        self._peer = address.ip_address
        self._bot = bot
        self._session = session
        self._run = run
        self._running: set[asyncio.Task[None]] = set()
        """Methods in answers. They go on when the webhook is closed, which they may have done."""
        self._lanes: dict[int, Lane] = {}
        self._ready: deque[int] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def enter(self, updates: Iterable[Json]) -> None:
        """Updates to deliver, in order."""
        for update in updates:
            key = lane_of(update)
            lane = self._lanes.get(key)
            if lane is None:
                lane = self._lanes[key] = Lane()
                self._make_ready(key)
            lane.updates.append(update)

    def close(self) -> None:
        """Stops delivering; what is under way is cut."""
        for timer in self._timers.values():
            timer.cancel()
        for sender in self._senders:
            sender.cancel()
        self._ready.clear()

    def describe(self) -> Json:
        """What a WebhookInfo object tells of it: https://core.telegram.org/bots/api#webhookinfo."""
        info: Json = {
            "url": self.address.url,
            "has_custom_certificate": self.address.has_certificate,
            "max_connections": self.address.max_connections,
            "ip_address": self._peer or "<unknown>",
        }
        if self.last_error:
            info["last_error_date"], info["last_error_message"] = self.last_error
        return info

    def _make_ready(self, key: int) -> None:
        self._timers.pop(key, None)
        self._ready.append(key)
        if len(self._senders) < self.address.max_connections:
            sender = asyncio.create_task(self._send_all())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)

    async def _send_all(self) -> None:
        while self._ready:
            key = self._ready.popleft()
            lane = self._lanes[key]
            update_id = lane.updates[0]["update_id"]
            pause = await self._send(lane.updates[0], lane.pause)
            if pause is None:
                lane.updates.popleft()
                lane.pause = FIRST_PAUSE
                self.done[update_id] += 1
                self._bot.settled(self.done)
                if lane.updates:
                    self._ready.append(key)
                else:
                    del self._lanes[key]
            else:
                lane.pause = min(LONGEST_PAUSE, lane.pause * 2)
                loop = asyncio.get_running_loop()
                self._timers[key] = loop.call_later(pause, self._make_ready, key)

    async def _send(self, update: Json, pause: float) -> float | None:
        """Tries once. None when it was taken, else the seconds until the next attempt."""
        self._peer = self._peer or await ip_of(self.address.reached)
        try:
            async with self._session.post(
                self.address.reached,
                data=orjson.dumps(update),
                headers=self.address.headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                allow_redirects=False,
                ssl=False,
                server_hostname=self.address.named.host if self.address.ip_address else None,
            ) as response:
                if response.status // 100 == HTTPStatus.OK // 100:
                    self._say("")
                    self._start(*await read(response))
                    return None
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
                retry_after = response.headers.get("Retry-After", "")
                if retry_after.isdecimal():
                    pause = float(retry_after)
        except TimeoutError:
            error = "Read timeout expired"
        except aiohttp.ClientConnectorError as failure:
            error = failure.strerror or str(failure)
        except aiohttp.ClientError as failure:
            error = str(failure) or type(failure).__name__
        self.last_error = (int(time.time()), error)
        self._bot.events.tell(
            "refused", bot_id=self._bot.bot_id, update_id=update["update_id"], error=error
        )
        self._say(error)
        return pause

    def _say(self, error: str) -> None:
        """Into the log, once for each that is new, and that it is over."""
        if error and error != self._told:
            log.warning("webhook of bot %s: %s; tried again and again", self._bot.bot_id, error)
        elif self._told and not error:
            log.info("webhook of bot %s: it answers again", self._bot.bot_id)
        self._told = error

    def _start(self, values: Json, files: dict[str, Upload]) -> None:
        name = str(values.get("method", "")).lower()
        if name and name not in NOT_RUN and not name.startswith("get"):
            running = asyncio.create_task(self._run(values, files))
            self._running.add(running)
            running.add_done_callback(self._running.discard)


async def read(response: aiohttp.ClientResponse) -> tuple[Json, dict[str, Upload]]:
    """The values and files in the answer to an update, which is JSON or a form; none in any other,
    which is as good as an empty one."""
    values: Json = {}
    files = {}
    try:
        if response.content_type == "application/json":
            found = orjson.loads(await response.read() or b"{}")
            values = found if isinstance(found, dict) else {}
        elif response.content_type == "multipart/form-data":
            async for part in aiohttp.MultipartReader.from_response(response):
                if not isinstance(part, aiohttp.BodyPartReader) or not part.name:
                    continue
                if part.filename:
                    files[part.name] = Upload(part.filename, bytes(await part.read(decode=True)))
                else:
                    values[part.name] = await part.text()
    except (LookupError, RuntimeError, ValueError) as error:
        log.warning("the answer of a webhook cannot be read: %s", error)
    return values, files


async def ip_of(url: URL) -> str:
    """The IP address that a name stands for; empty when it stands for none."""
    with contextlib.suppress(OSError):
        loop = asyncio.get_running_loop()
        [(*_, address), *_] = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
        return str(address[0])
    return ""


def undelivered(updates: Iterable[Json], done: Counter[int]) -> Iterator[Json]:
    """Updates but for those that were delivered."""
    left = done.copy()
    for update in updates:
        if left[update["update_id"]] > 0:
            left[update["update_id"]] -= 1
        else:
            yield update


def lane_of(update: Json) -> int:
    """The chat or else the user of an update; 0 if it has neither."""
    for content in update.values():
        if isinstance(content, dict):
            chat = content.get("chat") or (content.get("message") or {}).get("chat")
            found = chat or content.get("from") or content.get("user") or {}
            return int(found.get("id", 0))
    return 0


def people_in(value: object) -> Iterator[int]:
    """The ids of the users and bots in an update."""
    if isinstance(value, dict):
        if {"is_bot", "id"} <= value.keys():
            yield value["id"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from people_in(one)
