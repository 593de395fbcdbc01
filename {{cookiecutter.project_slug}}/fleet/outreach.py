"""What a replica does for chats beside turns: it notes which there are, and which are flooded."""

import asyncio

from redis.asyncio import Redis

from fleet.directory.answers import Answers
from fleet.directory.observer import Observer
from fleet.inbox import Inbox
from fleet.settings import Settings
from fleet.telegram.gatebook import GateBook
from fleet.telegram.session import TelegramSessions


class Outreach:
    """Keeps the directory, and shares what is known of gates.

    Args:
        redis: the client.
        settings: those of the service.
        inbox: where updates pass.
        sessions: where calls pass.
    """

    def __init__(
        self, redis: Redis, settings: Settings, inbox: Inbox, sessions: TelegramSessions
    ) -> None:
        self._observer = Observer(redis, settings.shards, prefix=settings.redis_prefix)
        self._gates = GateBook(redis, sessions.gates, prefix=settings.redis_prefix)
        if settings.directory:
            inbox.observe = self._observer.update
            sessions.calls.middleware(Answers(self._observer))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._observer.run())
            group.create_task(self._gates.run())
