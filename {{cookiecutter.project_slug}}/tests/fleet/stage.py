"""A bot with one handler, whose turns a test takes in its own process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiogram import Bot, Dispatcher
from aiogram.types import ErrorEvent, Message
from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.overlay import Overlay
from fleet.telegram.session import TelegramSessions
from fleet.turn import TurnTaker
from tests.proofs.mail import text

UPDATE = orjson.dumps(text(1))
Handler = Callable[[Message], Awaitable[Any]]


class Stage:
    """A bot with one handler, and a dispatcher of its own."""

    def __init__(self, sessions: TelegramSessions, bot_id: int = 1) -> None:
        self.member = Member(Bot(f"{bot_id}:secret", session=sessions.calls), role=None)
        self.dispatcher = Dispatcher()
        self.failed: list[Exception] = []
        """What error handlers heard of."""
        self.dispatcher.errors.register(self._apologise)
        self.redis = Redis()  # no state is written
        self.sessions = sessions
        self._taker: TurnTaker | None = None

    async def _apologise(self, event: ErrorEvent) -> None:
        self.failed.append(event.exception)

    async def take(self, handler: Handler, *, timeout: float = 60.0, **options: Any) -> None:
        """Give an update its turn. The first one's handler and time-out hold for the next, too."""
        if self._taker is None:
            self.dispatcher.message.register(handler)
            self._taker = TurnTaker(self.dispatcher, self.sessions.outages, timeout)
        await self._taker.take(self.member, UPDATE, Overlay(self.redis), **options)


async def say(message: Message) -> None:
    await message.answer("Hello")


async def say_twice(message: Message) -> None:
    await message.answer("Hello")
    await message.answer("Hello again")


async def say_in_a_group_of_tasks(message: Message) -> None:
    async with asyncio.TaskGroup() as outer:

        async def inner() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(say(message))

        outer.create_task(inner())


async def hang(_: Message) -> None:
    await asyncio.Event().wait()
