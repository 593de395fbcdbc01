"""How a command reaches the fleet: settings, Redis, and what goes wrong on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio import Redis

from fleet.bots.fleet import BotInfo, Fleet, FleetError
from fleet.bots.shared import Shared
from fleet.bots.tokens import BotToken
from fleet.cli.output import spinner
from fleet.inbox import Inbox
from fleet.inbox.timers import TimerBook
from fleet.ops.logging import setup_logging
from fleet.redis.errors import describe
from fleet.redis.pool import create_redis
from fleet.settings import Settings, SettingsError, load_settings
from fleet.shards.replicas import OtherShardsError, Replicas
from fleet.tasks import end
from fleet.telegram.gatebook import GateBook

PATIENCE = 6.0
"""Seconds that Redis has to answer the first time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """What a command works with."""

    fleet: Fleet
    inbox: Inbox
    timers: TimerBook
    replicas: Replicas
    gates: GateBook

    async def find(self, name: str) -> BotInfo:
        """Find a bot by its id or @username. Raises `FleetError`."""
        wanted = name.removeprefix("@").lower()
        for bot in await self.fleet.bots():
            if wanted in (str(bot.id), (bot.username or "").lower()):
                return bot
        raise FleetError(f"there is no bot {name} in the fleet; `fleet list` shows those there are")


async def bot_id(access: Access, name: str) -> int:
    """Give the id of a bot by its id or @username: the id may be of one that has left the fleet.

    Raises `FleetError`.
    """
    return int(name) if name.isdecimal() else (await access.find(name)).id


def run(action: Callable[[Access], Awaitable[T]], settings: Settings | None = None) -> T:
    """Do something with the fleet.

    Raises:
        SettingsError: a setting is wrong.
        FleetError: Redis does not answer, or what the action raises.
    """
    return asyncio.run(_interruptible(_run(action, settings or load_settings())))


async def _interruptible(work: Coroutine[Any, Any, T]) -> T:
    """Do it. Ctrl-C ends it for certain, also where a cancellation gets lost: see `end`."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        await end([task])
    return task.result()


async def _run(action: Callable[[Access], Awaitable[T]], settings: Settings) -> T:
    setup_logging("ERROR", settings.log_format)

    async def check(token: BotToken) -> str | None:
        # Only here: importing aiogram takes two seconds.
        from fleet.bots.check import ask_username  # noqa: PLC0415
        from fleet.telegram.session import create_sessions  # noqa: PLC0415

        sessions = create_sessions(settings)
        try:
            return await ask_username(sessions.calls, token)
        finally:
            await sessions.close()

    address = _address(settings.redis_url.get_secret_value())
    redis = create_redis(settings)
    try:
        await _connect(redis, address)
        shared = Shared.open(redis, settings)
        await shared.replicas.agree()
        fleet = Fleet(shared, check)
        gates = GateBook(redis, prefix=settings.redis_prefix)
        return await action(Access(fleet, shared.inbox, shared.timers, shared.replicas, gates))
    except OtherShardsError as error:
        raise SettingsError(str(error)) from None
    except exceptions.RedisError as error:
        raise FleetError(describe(error, f"Redis at {address}")) from None
    finally:
        await redis.aclose()


async def _connect(redis: Redis, address: str) -> None:
    try:
        with spinner(f"Connecting to Redis at {address}"):
            async with asyncio.timeout(PATIENCE):
                await redis.execute_command("PING")
    except TimeoutError:
        raise FleetError(f"Redis at {address} does not answer; see REDIS_URL") from None


def _address(url: str) -> str:
    """Leave user and password out."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
