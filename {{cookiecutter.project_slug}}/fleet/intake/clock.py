"""The intake of jobs: each has its next turn ordered where the bot's intake runs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from aiogram import Dispatcher
from redis.exceptions import RedisError

from fleet.bots.member import Member
from fleet.bots.role import role_data
from fleet.inbox.timers import TimerBook
from fleet.redis.errors import Complaint
from fleet.tasks import beside, is_cancelled
from fleet.turn.jobs import clockworks_for

ROLE_CHECK = 5.0
"""Seconds between two looks whether the bot has got another role."""
LOOK_AGAIN = 600.0
"""Seconds between two looks whether a job was lost: its processes died in each of its turns, or it
waited for its turn when all that waits was dropped."""
RETRY = 1.0
"""Seconds between two tries while Redis is away."""

Intake = Callable[[Member], Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


class Clock:
    """Orders the turns of jobs that were never ordered, or for another time than they say now.

    Args:
        dispatcher: where the jobs are.
        book: where they are kept.
    """

    def __init__(self, dispatcher: Dispatcher, book: TimerBook) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._waits = Complaint(log, "jobs wait")

    def beside(self, intake: Intake) -> Intake:
        """Give the same intake, which now also brings the bot's jobs."""

        async def run(member: Member) -> None:
            async with beside(self._keep(member)):
                await intake(member)

        return run

    async def _keep(self, member: Member) -> None:
        while not is_cancelled():
            role = member.role
            try:
                await self._order(member)
            except RedisError as error:
                self._waits.about(error)
                await asyncio.sleep(RETRY)
                continue
            self._waits.over()
            waited = 0.0
            while member.role == role and waited < LOOK_AGAIN:
                await asyncio.sleep(ROLE_CHECK)
                waited += ROLE_CHECK

    async def _order(self, member: Member) -> None:
        data = {"bot": member.bot, **role_data(member.role)}
        for clockwork in await clockworks_for(self._dispatcher, **data):
            kept = await self._book.of(clockwork.conversation(member.id))
            if not clockwork.ordered_by(kept.get(clockwork.name)):
                await self._book.write(clockwork.order(member.id))
