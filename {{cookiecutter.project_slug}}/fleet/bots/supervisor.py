"""Runs the intake of every bot and keeps their troubles apart."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

from fleet.bots.member import BotState, Member

RESTART_DELAY = 5.0
"""Seconds until an intake that ended by a fault of ours is started again."""

log = structlog.get_logger(__name__)


class Supervisor:
    """Holds the members of the fleet and one intake task for each."""

    def __init__(
        self, members: Iterable[Member], intake: Callable[[Member], Coroutine[Any, Any, None]]
    ) -> None:
        self.members = {member.id: member for member in members}
        self._intake = intake

    async def run(self) -> None:
        """Run all intakes until cancelled; returns when each has stopped in order."""
        async with asyncio.TaskGroup() as group:
            for member in self.members.values():
                group.create_task(self._keep(member), name=f"intake of bot {member.id}")

    async def _keep(self, member: Member) -> None:
        while True:
            try:
                await self._intake(member)
            except Exception as error:
                member.enter(BotState.BACKING_OFF, f"{type(error).__name__}: {error}")
                log.exception("the intake of a bot failed; starting it again", bot_id=member.id)
                await asyncio.sleep(RESTART_DELAY)
