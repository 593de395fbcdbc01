"""Delivery of updates to a bot's webhook: https://core.telegram.org/bots/api#setwebhook.

Updates of one chat or user go one after the other, others at the same time, up to
`max_connections`. An answer that is not 2xx is tried again after the seconds of its Retry-After,
or after a pause that doubles; nothing is given up. A method in the answer is run
(https://core.telegram.org/bots/api#making-requests-when-getting-updates). Unlike Telegram: plain
http and any port are allowed, certificates are not checked, pauses are short.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
import orjson

from sandbox.world.events import Events, Json
from sandbox.world.files import Upload

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
TIMEOUT = 60.0
"""Seconds for one attempt."""

log = logging.getLogger(__name__)

RunMethod = Callable[[Json, dict[str, Upload]], Coroutine[Any, Any, None]]
"""Runs the `method` that is among the values, with the others and the files."""


class Owner(Protocol):
    """What a webhook needs of its bot."""

    bot_id: int
    events: Events

    def settled(self, done: set[int]) -> None: ...


def with_scheme(address: str) -> str:
    """An address, with https if it does not say."""
    return address if "://" in address else f"https://{address}"


class Lane:
    """The updates of one chat or user, in order."""

    __slots__ = ("pause", "updates")

    def __init__(self) -> None:
        self.updates: deque[Json] = deque()
        self.pause = FIRST_PAUSE


class Webhook:
    """A bot's webhook and its deliveries. Call `close` when it is replaced."""

    def __init__(
        self,
        bot: Owner,
        session: aiohttp.ClientSession,
        url: str,
        secret_token: str,
        max_connections: int,
        run: RunMethod,
    ) -> None:
        self.url = url
        self.max_connections = max_connections
        self.done: set[int] = set()
        """Delivered updates that wait for an older one, which is still tried."""
        self.last_error: tuple[int, str] | None = None
        """Unix time and text."""
        self._bot = bot
        self._session = session
        self._run = run
        self._running: set[asyncio.Task[None]] = set()
        """Methods in answers. They go on when the webhook is closed, which they may have done."""
        self._headers = {"Content-Type": "application/json"}
        if secret_token:
            self._headers["X-Telegram-Bot-Api-Secret-Token"] = secret_token
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
        info: Json = {"url": self.url, "max_connections": self.max_connections}
        if self.last_error:
            info["last_error_date"], info["last_error_message"] = self.last_error
        return info

    def _make_ready(self, key: int) -> None:
        self._timers.pop(key, None)
        self._ready.append(key)
        if len(self._senders) < self.max_connections:
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
                self.done.add(update_id)
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
        try:
            async with self._session.post(
                with_scheme(self.url),
                data=orjson.dumps(update),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                allow_redirects=False,
                ssl=False,
            ) as response:
                if response.status // 100 == HTTPStatus.OK // 100:
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
        log.warning("webhook of bot %s: %s; again in %s s", self._bot.bot_id, error, pause)
        return pause

    def _start(self, values: Json, files: dict[str, Upload]) -> None:
        if values.get("method"):
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
        if "is_bot" in value:
            yield value["id"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from people_in(one)
