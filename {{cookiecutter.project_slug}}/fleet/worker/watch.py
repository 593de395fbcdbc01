"""What the holder does beside its turns: it beats, takes and closes shards, and listens."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from fleet.redis.errors import Complaint
from fleet.schedule.schedule import Schedule
from fleet.shards.beats import INTERVAL
from fleet.shards.holder import Holder, Taken
from fleet.tasks import end, is_cancelled
from fleet.worker.hands import Hands
from fleet.worker.outbox import Outbox

RETRY_DELAY = 0.5
"""Seconds until the next try when Redis did not answer."""

log = structlog.get_logger(__name__)


class Watch:
    """Keeps the shards of this replica, the schedule and the turns in step.

    Args:
        holder: the shards.
        schedule: what waits in them.
        hands: the turns that run.
        on_taken: gets what waits in a shard that was taken.
        outbox: gets the shards that may have news.
    """

    def __init__(
        self,
        holder: Holder,
        schedule: Schedule,
        hands: Hands,
        on_taken: Callable[[Taken], None],
        outbox: Outbox,
    ) -> None:
        self._holder = holder
        self._schedule = schedule
        self._hands = hands
        self._on_taken = on_taken
        self._outbox = outbox
        self._now = asyncio.Event()
        self._is_silent = Complaint(log, "no beat reaches Redis", hushed=True)

    def look_now(self) -> None:
        """Do not wait for the next second."""
        self._now.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        listening = asyncio.create_task(self._listen())
        try:
            while not is_cancelled():
                await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(INTERVAL):
                        await self._now.wait()
                self._now.clear()
        finally:
            await end([listening])

    async def _look(self) -> None:
        # Before the beat: who was paused for long has lost them, though a beat gets through.
        if not self._holder.beats and self._hands.turns:
            log.warning("others may take this replica for dead; it puts its turns back")
            await self._hands.put_back(list(self._hands.turns.values()))
        try:
            await self._holder.look(self._on_taken)
        except RedisError as error:
            self._is_silent.about(error)
        else:
            self._is_silent.over()
        for held in self._holder.held.values():
            if held.closed_at is None:
                self._schedule.open(held.shard)
            else:
                self._schedule.close(held.shard)
        self._hands.leave_strays()
        self._outbox.look(self._holder.held)

    async def _listen(self) -> None:
        """Hear of mail that other replicas have entered for shards of this one."""
        while not is_cancelled():
            try:
                rung = await self._holder.wait(INTERVAL)
            except RedisError:
                await asyncio.sleep(RETRY_DELAY)
                continue
            if rung:
                self._outbox.ring(rung)
            elif rung is not None:
                self.look_now()
