"""A bot with one handler, whose turns a test takes in its own process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiogram import Bot, Dispatcher
from aiogram.types import ErrorEvent, Message
from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.inbox import Turn
from fleet.inbox.timers import TimerBook
from fleet.overlay import Overlay
from fleet.telegram.session import TelegramSessions
from fleet.turn import TurnTaker
from tests.proofs.mail import text

UPDATE = orjson.dumps(text(1))
Handler = Callable[..., Awaitable[Any]]


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
        self.turn = Turn("", 0, 1, b"")
        self._taker: TurnTaker | None = None

    async def _apologise(self, event: ErrorEvent) -> None:
        self.failed.append(event.exception)

    async def take(
        self, handler: Handler, *, timeout: float = 60.0, again: bool = False, **options: Any
    ) -> None:
        """Give an update its turn; `again`: the one that had the last one, with its journal.

        The first one's handler and time-out hold for the next, too.
        """
        if self._taker is None:
            self.dispatcher.message.register(handler)
            book = TimerBook(self.redis, 1)
            self._taker = TurnTaker(self.dispatcher, self.sessions.outages, book, timeout)
        last = self.turn
        self.turn = Turn(f"{self.member.id}:7:7", 0, 1, UPDATE)
        if again:
            self.turn.backs = last.backs + 1
            self.turn.noted = last.noted | dict(last.notes)
        await self._taker.take(self.member, self.turn, Overlay(self.redis), Grip(**options))


@dataclass
class Grip:
    """Stands for the worker."""

    is_ours: Callable[[], bool] = lambda: True
    on_wait: Callable[[bool], object] = lambda _: None

    def wait(self, *, waits: bool) -> None:
        self.on_wait(waits)

    def note(self) -> None:
        """Do nothing: nobody dies here."""

    async def cancel_others(self) -> None:
        """Do nothing: there are none."""


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
