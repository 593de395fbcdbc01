"""The loop of the holder: hands in what ended, begins what is next, hears what is new."""

import asyncio
import contextlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import structlog
from redis.exceptions import RedisError

from fleet.bots.member import Member
from fleet.inbox import EndedTurn, Outcome, Turn
from fleet.inbox.conversation import bot_of
from fleet.inbox.mailboxes import NEWS_AT_ONCE, Done, Mailboxes
from fleet.overlay import Overlay
from fleet.redis.errors import Complaint, describe
from fleet.schedule.places import Places
from fleet.schedule.schedule import Schedule, Waiting
from fleet.shards.beats import INTERVAL
from fleet.shards.holder import Held, Holder
from fleet.tasks import end, is_cancelled
from fleet.worker.ends import back, killed
from fleet.worker.entry import Entry
from fleet.worker.hands import Hands, Take
from fleet.worker.outbox import Outbox
from fleet.worker.reader import Reader
from fleet.worker.watch import RETRY_DELAY, Watch

FAREWELL = 5.0
"""Seconds that handing in the last turns and the shards may take. Others take over what is left."""
DRAIN_LOOK = 0.05
"""Seconds between two looks whether a shard is idle, while draining."""
BEGUN_AT_ONCE = 40
"""Turns that one call begins: more would hold Redis up for everybody."""
STUCK_AFTER = 60.0
"""Seconds without a look at the inbox until the worker counts as stuck. Redis times out sooner."""

log = structlog.get_logger(__name__)


class Worker:
    """Keeps up to `concurrency` turns in hand.

    Args:
        holder: the shards of this replica.
        mailboxes: what waits in them.
        member: gives the member with a bot's id, or None while that bot cannot work here.
        take: gives an update its turn (`TurnTaker.take`).
        new_overlay: makes what holds back the state writes of a turn.
        concurrency: turns at once.
        max_attempts: deaths of processes after which an update is a dead letter.
        timeout: HANDLER_TIMEOUT.
    """

    def __init__(
        self,
        holder: Holder,
        mailboxes: Mailboxes,
        member: Callable[[int], Member | None],
        take: Take,
        new_overlay: Callable[[], Overlay],
        *,
        concurrency: int = 100,
        max_attempts: int = 3,
        timeout: float = 120.0,
    ) -> None:
        self._holder = holder
        self._mailboxes = mailboxes
        self._nudge = asyncio.Event()
        self._member = member
        self._max_attempts = max_attempts
        self._places = Places(concurrency)
        suspect_from = max(1, max_attempts - 1)
        self._schedule = Schedule(self._places, lambda bot: member(bot) is not None, suspect_from)
        self._outbox = Outbox(holder, self._nudge.set)
        self._hands = Hands(holder, self._places, take, new_overlay, timeout, self._outbox)
        self._reader = Reader(holder, mailboxes, self._schedule, self._places)
        taken = self._reader.note_taken
        self._watch = Watch(holder, self._schedule, self._hands, taken, self._outbox)
        self._draining = False
        self._farewell: asyncio.Timeout | None = None
        self._waits = Complaint(log, "turns wait")
        self._worked_at = math.inf

    @property
    def in_flight(self) -> int:
        return len(self._hands.turns)

    @property
    def strays(self) -> int:
        return len(self._hands.strays)

    @property
    def stuck(self) -> bool:
        """Whether the worker has stopped looking for turns. Before the first look it waits."""
        return time.monotonic() - self._worked_at > STUCK_AFTER

    async def run(self) -> None:
        """Take shards and turns until `drain` is called; return when all are handed in."""
        self._holder.open()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch.run())
            try:
                async with asyncio.timeout(None) as self._farewell:
                    while not (self._draining or is_cancelled()):
                        await self._wait()
                        await self._work()
                    # Now each turn is handed in when it ends, and each shard when it is idle.
                    while self._holder.held and not is_cancelled():
                        await self._wait()
                        await self._work()
                    await self._holder.leave()
            except (TimeoutError, RedisError) as error:
                reason = describe(error) if isinstance(error, RedisError) else "Redis is slow"
                log.warning("could not hand in all; others will take it over", error=reason)
            finally:
                self._farewell = None
                await end([watching])

    async def drain(self, seconds: float) -> None:
        """Take no more turns. Those in flight have `seconds`, then go back into the inbox."""
        self._draining = True
        self._holder.leave_soon()
        self._nudge.set()
        self._watch.look_now()
        self._hands.start_all()
        if turns := self._hands.turns:
            log.info("finishing turns", in_flight=len(turns), seconds=seconds)
            tasks = [one.task for one in turns.values() if one.task]
            await asyncio.wait(tasks, timeout=seconds)
        await self._hands.put_back(list(turns.values()))
        # However Redis is: who stops the process does not wait for ever.
        if self._farewell:
            self._farewell.reschedule(asyncio.get_running_loop().time() + FAREWELL)

    async def _wait(self) -> None:
        """Wait until there may be something to do."""
        seconds = DRAIN_LOOK if self._draining else INTERVAL
        due = min(self._schedule.next_due, self._outbox.look_at)
        seconds = max(0.0, min(seconds, due - time.monotonic()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        self._nudge.clear()

    async def _work(self) -> None:
        """Make one call for all that has ended, may begin or was rung."""
        self._worked_at = time.monotonic()
        self._schedule.wake()
        work = self._outbox.collect()
        begins: defaultdict[Held, list[Waiting]] = defaultdict(list)
        try:
            await self._reader.read()
            for _ in range(BEGUN_AT_ONCE):
                if not (self._may_begin and (waiting := self._schedule.take())):
                    break
                held = self._holder.held[waiting.shard]
                work[held].begin.append(waiting.name)
                begins[held].append(waiting)
            else:
                self._nudge.set()  # there may be more
            done = await self._mailboxes.work(work)
        except RedisError as error:
            self._outbox.failed()
            for waiting in [one for some in begins.values() for one in some]:
                self._do_not_begin(waiting)
                self._schedule.add(waiting)
            self._waits.about(error)
            await asyncio.sleep(RETRY_DELAY)
            self._nudge.set()
            return
        self._waits.over()
        self._outbox.succeeded()
        for held, result in done.items():
            if result is None:
                self._lose(held)
                for waiting in begins[held]:
                    self._do_not_begin(waiting)
            else:
                self._note_ends(held, work[held].ended, result.left)
                self._note_begins(held, begins[held], result.begun)
                self._note_news(held, result)
                if result.due_in is not None:
                    self._outbox.look_by(held, result.due_in)
        if sum(len(result.news) for result in done.values() if result) >= NEWS_AT_ONCE:
            self._outbox.ring(held.shard for held in done)  # there may be more
        await self._give()

    @property
    def _may_begin(self) -> bool:
        return self._holder.beats and not self._draining

    def _note_ends(self, held: Held, ended: list[EndedTurn], left: list[int]) -> None:
        for one, count in zip(ended, left, strict=True):
            turn = one.turn
            held.done_with(turn.conversation)
            one.on_written()
            for timer in one.timers:
                if timer.due_ms is not None:
                    self._outbox.look_by(held, timer.due_ms / 1000 - time.time())
            if self._schedule.over(turn.conversation):
                self._nudge.set()
            if count:
                waiting = Waiting(turn.conversation, held.shard, turn.bot_id)
                if one.outcome is Outcome.BACK:
                    waiting.deaths, waiting.backs = turn.deaths, turn.backs + 1
                self._add(held, waiting, one.again_in)

    def _note_begins(
        self, held: Held, begins: list[Waiting], begun: list[Turn | float | None]
    ) -> None:
        for waiting, turn in zip(begins, begun, strict=True):
            if isinstance(turn, Turn) and waiting.name not in held.in_hand:
                self._begin(held, turn)
                continue
            self._do_not_begin(waiting)
            if isinstance(turn, float):
                self._add(held, waiting, turn)

    def _note_news(self, held: Held, done: Done) -> None:
        for name, arrival in zip(done.news, done.arrivals, strict=True):
            if held.started.pop(name, 0) >= arrival:
                continue
            if held.entering:
                held.heard[name] = arrival
            self._add(held, Waiting(name, held.shard, bot_of(name)))
        held.news = done.newest

    def _add(self, held: Held, waiting: Waiting, delay: float = 0.0) -> None:
        if waiting.name not in held.in_hand:
            self._schedule.add(waiting, delay)
            self._nudge.set()

    def _do_not_begin(self, waiting: Waiting) -> None:
        self._places.give_back(waiting.bot_id)
        self._schedule.over(waiting.name)

    def _begin(self, held: Held, turn: Turn) -> None:
        """Start a turn that Redis knows has begun and that has a place."""
        if self._holder.held.get(held.shard) is not held:
            self._places.give_back(turn.bot_id)
            return
        held.in_hand[turn.conversation] += 1
        if stale := self._hands.turns.get(turn.conversation):
            # Its update was dropped in the middle of its turn, and another one has come.
            self._hands.take_away(stale)
            held.in_hand[turn.conversation] -= 1
        member = self._member(turn.bot_id)
        if turn.deaths >= self._max_attempts:
            ended = killed(turn)
        elif member is None or self._draining:
            ended = back(turn)
        else:
            self._hands.start(held, turn, member)
            return
        self._places.give_back(turn.bot_id)
        self._outbox.end(held, ended)

    def _lose(self, held: Held) -> None:
        log.warning("a shard is another replica's now; its turns are cancelled", shard=held.shard)
        self._hands.lose(held)
        self._schedule.forget(held.shard)
        self._holder.lose(held)

    async def _give(self) -> None:
        """Let others have the shards that are closed and idle."""
        idle = [one for one in self._holder.held.values() if one.closed_at and one.is_idle]
        for held in idle:
            self._schedule.forget(held.shard)
        if idle:
            with contextlib.suppress(RedisError):  # it is as if this replica had died holding them
                await self._holder.give(idle)

    @contextlib.contextmanager
    def entry(self, bot_id: int, counts: Mapping[int, int]) -> Iterator[Entry]:
        """Let turns of a batch begin with its entry, as far as there are places: see `Desk`."""
        mine = {
            shard: held
            for shard in counts
            if (held := self._holder.held.get(shard)) and held.closed_at is None
        }
        places = 0
        if self._may_begin and self._member(bot_id) and not self._schedule.has_queue(bot_id):
            places = self._places.reserve(bot_id, sum(counts[shard] for shard in mine))
        entry = Entry(mine, counts, places, self._begin)
        try:
            yield entry
        finally:
            self._places.give_back(bot_id, entry.close())
            if mine and not entry.all_begun:
                self._outbox.ring(mine)
