"""What a replica does for chats beside turns: it notes which there are, which are flooded and which
have moved, and sends broadcasts."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.bots.member import Member
from fleet.bots.shared import Shared
from fleet.broadcast.broadcaster import Broadcaster
from fleet.broadcast.pace import Pace
from fleet.broadcast.parts import Parts
from fleet.directory.answers import Answers
from fleet.directory.observer import Observer
from fleet.redis.errors import is_away
from fleet.settings import Settings
from fleet.shards.holder import Holder
from fleet.tasks import is_cancelled
from fleet.telegram.gatebook import GateBook
from fleet.telegram.movebook import MoveBook
from fleet.telegram.moves import move_of
from fleet.telegram.session import TelegramSessions
from fleet.telegram.sharedpace import RedisPace

RESTART_DELAY = 5.0
"""Seconds until what ended by a fault of ours is started again."""

log = structlog.get_logger(__name__)


class Outreach:
    """Keeps the directory, shares what is known of gates and moves, and works off the broadcasts.

    Args:
        redis: the client.
        settings: those of the service.
        shared: what all replicas share.
        holder: the shards of this replica.
        sessions: where calls pass.
        member: gives the member with a bot's id, or None while that bot cannot work here.
        moves: the groups that have moved.
    """

    def __init__(
        self,
        redis: Redis,
        settings: Settings,
        shared: Shared,
        holder: Holder,
        sessions: TelegramSessions,
        member: Callable[[int], Member | None],
        moves: MoveBook,
    ) -> None:
        prefix = settings.redis_prefix
        self._shut = sessions.gates
        self._observer = Observer(redis, settings.shards, sessions.moves, prefix=prefix)
        self._gates = GateBook(redis, prefix=prefix)
        self._moves = moves
        self._known_moves = sessions.moves
        self._keeps_directory = settings.directory
        holder.learn = self._learn
        shared.inbox.name_now = sessions.moves.now
        shared.inbox.observe = self._observe
        if settings.directory:
            sessions.moves.on_note = self._observer.moved
            sessions.calls.middleware(Answers(self._observer))
        rates = sessions.pace.rates
        if rates.chat or rates.group:
            sessions.pace.shared = RedisPace(redis, rates, holder, prefix=prefix)
        self._broadcaster = Broadcaster(
            shared.broadcasts,
            Parts(redis, shared.replica, prefix=prefix, wait_replicas=settings.redis_wait_replicas),
            Pace(redis, settings.bulk_rate, prefix=prefix),
            holder,
            member,
            sessions.outages,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            gates = partial(self._gates.run, self._shut)
            for work in (self._observer.run, gates, self._moves.run, self._broadcaster.run):
                group.create_task(_keep(work))

    async def _observe(self, bot_id: int, updates: list[Mapping[str, Any]]) -> None:
        """Note what updates that are to enter tell of chats.

        Whoever holds the shard of a supergroup knows its group before the first turn there: it is
        written by then. Raises `redis.exceptions.RedisError`.
        """
        moved = False
        for update in updates:
            if self._keeps_directory:
                self._observer.update(bot_id, update)
            if move := move_of(bot_id, update):
                self._known_moves.note(move)
                moved = True
        if moved:
            try:
                await self._moves.tell()
            except RedisError as error:  # what is damaged there keeps nobody from work
                if is_away(error):
                    raise

    async def _learn(self) -> None:
        """Hear of gates and moves at once, not at the next look: what is damaged there, or Redis
        away, keeps nobody from work."""
        with contextlib.suppress(RedisError):
            self._shut.hear(await self._gates.look())
        with contextlib.suppress(RedisError):
            await self._moves.hear()


async def _keep(work: Callable[[], Awaitable[None]]) -> None:
    while not is_cancelled():
        try:
            await work()
        except Exception:
            log.exception("what runs beside turns has failed; starting it again")
            await asyncio.sleep(RESTART_DELAY)
