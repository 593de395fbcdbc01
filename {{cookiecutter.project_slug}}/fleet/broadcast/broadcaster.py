"""Works off the broadcasts: those chats of theirs whose shards this replica holds."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from fleet.broadcast.book import Broadcasts, BroadcastState
from fleet.broadcast.message import with_params
from fleet.broadcast.pace import Lane, Pace
from fleet.broadcast.parts import Part, Parts
from fleet.broadcast.sending import Sending
from fleet.redis.errors import Complaint
from fleet.tasks import end, is_cancelled

if TYPE_CHECKING:
    from fleet.bots.member import Member
    from fleet.shards.holder import Held, Holder
    from fleet.telegram.outages import Outages

AT_ONCE = 50
"""Calls of broadcasts that a replica has on their way at once, beside those of its turns."""
MOST_RESTING = 500
"""Chats, besides, that wait until flood control of their own is over."""
LOOK = 1.0
"""Seconds between two looks which broadcasts there are."""
GATHER = 0.005
"""Seconds after a result in which others are gathered: so Redis is asked for several at once."""
RETRY = 0.5
"""Seconds until the next try while Redis is away."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Known:
    """A broadcast that has not ended."""

    bot_id: int
    message: dict[str, Any]
    is_paid: bool
    state: BroadcastState


class Broadcaster:
    """Sends, as fast as the pace of each bot allows.

    Args:
        book: the broadcasts.
        parts: takes their chats.
        pace: how fast.
        holder: the shards of this replica.
        member: gives the member with a bot's id, or None while that bot cannot work here.
        outages: knows for which bots Telegram is away.
    """

    def __init__(
        self,
        book: Broadcasts,
        parts: Parts,
        pace: Pace,
        holder: Holder,
        member: Callable[[int], Member | None],
        outages: Outages,
    ) -> None:
        self._book = book
        self._desk = parts
        self._pace = pace
        self._holder = holder
        self._member = member
        self._outages = outages
        self._known: dict[str, _Known] = {}
        self._parts: dict[tuple[str, Held], Part] = {}
        self._first: dict[Lane, str] = {}
        """The broadcast whose turn it is."""
        self._tasks: dict[asyncio.Task[None], Sending] = {}
        self._nudge = asyncio.Event()
        self._look_at = 0.0
        self._waits = Complaint(log, "broadcasts wait")

    async def run(self) -> None:
        """Work until cancelled; what is on its way then is cancelled, too."""
        try:
            while not is_cancelled():
                try:
                    await self._look()
                    await self._work()
                except RedisError as error:
                    self._waits.about(error)
                    await asyncio.sleep(RETRY)
                else:
                    self._waits.over()
                    await self._wait()
        finally:
            await end(self._tasks)

    async def _wait(self) -> None:
        """Wait until something has been sent or may be."""
        if not self._nudge.is_set():
            wake_at = self._look_at
            if self._room:
                wake_at = min([wake_at, *map(self._pace.next_due, self._ready())])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, wake_at - time.monotonic())):
                    await self._nudge.wait()
        if self._nudge.is_set():
            await asyncio.sleep(GATHER)
            self._nudge.clear()

    async def _look(self) -> None:
        """Learn which broadcasts there are, and let go of what is not to go on here."""
        self._tend()
        if time.monotonic() < self._look_at:
            return
        await self._learn()
        self._tend()
        for broadcast, known in list(self._known.items()):
            await self._finish(broadcast, known)
        self._look_at = time.monotonic() + LOOK

    async def _learn(self) -> None:
        states = await self._book.open()
        for broadcast, state in states.items():
            if known := self._known.get(broadcast):
                known.state = state
            elif record := await self._book.record(broadcast):
                self._known[broadcast] = _Known(*record, state)
        for broadcast in self._known.keys() - states.keys():
            self._known[broadcast].state = BroadcastState.DONE
        for broadcast, known in self._known.items():
            if known.state.has_ended:
                continue
            for held in self._holder.held.values():
                if (broadcast, held) not in self._parts:
                    self._parts[broadcast, held] = Part(broadcast, held)

    def _tend(self) -> None:
        """Forget parts that are another's, and have chats that only wait go back if they must."""
        for key, part in list(self._parts.items()):
            if self._holder.held.get(part.held.shard) is not part.held:
                del self._parts[key]
        for task, sending in self._tasks.items():
            if sending.rests and not self._goes_on(sending.part):
                task.cancel()

    async def _finish(self, broadcast: str, known: _Known) -> None:
        """End a broadcast whose chats are all done, where the bot's own shard is; or forget it."""
        mine = [part for (name, _), part in self._parts.items() if name == broadcast]
        if any(part.sending for part in mine):
            return
        if known.state.has_ended:
            del self._known[broadcast]
            for part in mine:
                del self._parts[broadcast, part.held]
        elif (
            not any(part.left for part in mine)
            and self._holder.serves(known.bot_id)
            and await self._book.is_over(broadcast)
            and await self._book.end(broadcast)
        ):
            log.info("a broadcast is done", broadcast=broadcast, bot_id=known.bot_id)

    def _goes_on(self, part: Part) -> bool:
        known = self._known.get(part.broadcast)
        return (
            known is not None
            and known.state is BroadcastState.RUNNING
            and part.held.closed_at is None
            and self._holder.owns(part.held)
        )

    def _ready(self) -> dict[Lane, dict[str, list[Part]]]:
        """Give the parts that have chats to send to: by lane, and by broadcast."""
        ready: defaultdict[Lane, dict[str, list[Part]]] = defaultdict(dict)
        for (broadcast, _), part in self._parts.items():
            lane = self._lane(broadcast)
            if part.left and self._goes_on(part) and self._member(lane.bot_id):
                ready[lane].setdefault(broadcast, []).append(part)
        return ready

    def _lane(self, broadcast: str) -> Lane:
        known = self._known[broadcast]
        pays = known.is_paid and broadcast not in self._pace.spent
        return Lane(known.bot_id, broadcast if pays else "")

    @property
    def _room(self) -> int:
        """How many calls more may go out at once."""
        resting = sum(sending.rests for sending in self._tasks.values())
        return max(0, min(AT_ONCE - len(self._tasks) + resting, MOST_RESTING - resting))

    async def _work(self) -> None:
        """Make one call for all results, and for all chats that are to get the message now."""
        wanted = Counter(
            {
                part: 0
                for part in self._parts.values()
                if (part.results or part.left is None) and self._holder.owns(part.held)
            }
        )
        room, ready = self._room, self._ready()
        for lane, broadcasts in ready.items():
            due = await self._pace.due(lane, min(room, math.ceil(self._room / len(ready))))
            room -= due
            wanted.update(self._choose(lane, broadcasts, due))
        if not wanted:
            return
        taken = await self._desk.work(wanted.items())
        for part, chats in taken.items():
            for chat in chats:
                self._start(part, chat)
            if not (part.left or part.sending):
                self._look_at = 0.0  # the broadcast may be over

    def _choose(self, lane: Lane, broadcasts: dict[str, list[Part]], number: int) -> Iterator[Part]:
        """Choose whose chats are next: one of each broadcast in turn."""
        names = deque(sorted(broadcasts))
        names.rotate(-sum(name < self._first.get(lane, "") for name in names))
        parts = {name: deque(broadcasts[name]) for name in names}
        left = {part: part.left or 0 for some in parts.values() for part in some}
        for _ in range(number):
            if not names:
                break
            part = parts[names[0]][0]
            yield part
            left[part] -= 1
            if not left[part]:
                parts[names[0]].popleft()
            if parts[names[0]]:
                names.rotate(-1)
            else:
                names.popleft()
        if names:
            self._first[lane] = names[0]

    def _start(self, part: Part, chat: int) -> None:
        known = self._known[part.broadcast]
        sending = Sending(part, chat, partial(self._holder.owns, part.held))
        if member := self._member(known.bot_id):
            message = known.message
            if self._lane(part.broadcast).paying:
                message = with_params(message, allow_paid_broadcast=True)
            task = asyncio.create_task(sending.run(member, message, self._outages))
            self._tasks[task] = sending
            task.add_done_callback(self._done)
        else:
            sending.cancelled()
            self._note(sending)

    def _done(self, task: asyncio.Task[None]) -> None:
        sending = self._tasks.pop(task)
        if task.cancelled():
            sending.cancelled()
        self._note(sending)

    def _note(self, sending: Sending) -> None:
        if sending.result:
            sending.part.results.append(sending.result)
        self._nudge.set()
