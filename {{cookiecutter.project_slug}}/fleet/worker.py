"""Takes turns: updates from the inbox to their handlers, what became of them back to it."""

import asyncio
import contextlib
import math
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from redis.exceptions import RedisError

from fleet.bots.member import Member
from fleet.inbox import EndedTurn, Inbox, Outcome, Turn
from fleet.inbox.letters import LONGEST_ERROR, LONGEST_TRACEBACK, shorten
from fleet.ops.logging import redact
from fleet.redis.errors import Complaint, describe
from fleet.tasks import end
from fleet.turn import TurnBack

IDLE_WAIT = 1.0
"""Seconds an idle worker waits for the bell before it looks by itself."""
LONGEST_PAUSE = 10.0
"""Seconds after which the worker looks although nothing ended: its turns may all take long."""
RETRY_DELAY = 0.5
"""Seconds until the next try when Redis did not answer."""
CANCEL_GRACE = 1.0
"""Seconds that a cancelled turn has to end."""
FAREWELL = 5.0
"""Seconds that handing in the last turns may take. Another replica takes over what is left."""
STUCK_AFTER = 60.0
"""Seconds without a look at the inbox until the worker counts as stuck. Redis times out sooner."""
RESERVE = 10
"""One place in so many is for bots that hold none, however many places hung bots may take."""

log = structlog.get_logger(__name__)


class Worker:
    """Keeps up to `concurrency` turns in flight.

    Args:
        inbox: where the turns come from.
        member: gives the member with a bot's id, or None while that bot cannot work here.
        take: gives an update its turn (`TurnTaker.take`).
        concurrency: turns at once.
    """

    def __init__(
        self,
        inbox: Inbox,
        member: Callable[[int], Member | None],
        take: Callable[[Member, bytes], Awaitable[None]],
        concurrency: int,
    ) -> None:
        self._inbox = inbox
        self._member = member
        self._take = take
        self._concurrency = concurrency
        self._turns: dict[Turn, asyncio.Task[None]] = {}
        self._ended: list[EndedTurn] = []
        self._held: Counter[int] = Counter()
        self._unavailable: set[int] = set()
        self._nudge = asyncio.Event()
        self._hungry = asyncio.Event()
        self._draining = False
        self._waits = Complaint(log, "turns wait")
        self._is_silent = Complaint(log, "no beat reaches Redis", hushed=True)
        self._looked_at = math.inf

    @property
    def in_flight(self) -> int:
        """Turns in flight."""
        return len(self._turns)

    @property
    def stuck(self) -> bool:
        """Whether the worker has stopped looking for turns. Before the first look it waits."""
        return time.monotonic() - self._looked_at > STUCK_AFTER

    async def run(self) -> None:
        """Take turns until `drain` is called; return when all are handed in."""
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._beat()), group.create_task(self._listen())]
            self._nudge.set()
            while not (self._draining and not self._turns):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_PAUSE):
                        await self._nudge.wait()
                self._nudge.clear()
                await self._exchange()
            await end(helpers)
        await self._say_farewell()

    async def drain(self, seconds: float) -> None:
        """Take no more turns. Those in flight have `seconds`, then go back into the inbox."""
        self._draining = True
        self._nudge.set()
        if self._turns:
            log.info("finishing turns", in_flight=len(self._turns), seconds=seconds)
            await asyncio.wait(self._turns.values(), timeout=seconds)
        await self._cancel_turns()

    async def _exchange(self) -> None:
        """Hand in the turns that ended and start the ones that come for them."""
        self._looked_at = time.monotonic()
        places = 0 if self._draining else self._concurrency - len(self._turns)
        self._unavailable = {bot for bot in self._unavailable if self._member(bot) is None}
        reserve, skip = self._concurrency // RESERVE, self._unavailable
        if 0 < places <= reserve:
            free, skip = places, skip | self._held.keys()
        else:
            free = max(0, places - reserve)
        ended, self._ended = self._ended, []
        share = (free + 1) // 2
        try:
            turns = await self._inbox.exchange(ended, wanted=free, share=share, skip=skip)
        except RedisError as error:
            self._ended = ended + self._ended
            self._waits.about(error)
            await asyncio.sleep(RETRY_DELAY)
            self._nudge.set()
            return
        self._waits.over()
        for turn in turns:
            self._start(turn)
        if len(turns) < places:
            self._hungry.set()
            if share in Counter(turn.bot_id for turn in turns).values():
                self._nudge.set()  # that bot may have more; of what came meanwhile the bell tells
        else:
            self._hungry.clear()

    def _start(self, turn: Turn) -> None:
        member = self._member(turn.bot_id)
        if member is None or self._draining:
            self._unavailable.add(turn.bot_id)
            self._ended.append(EndedTurn(turn, Outcome.BACK))
            self._nudge.set()
            return
        self._held[turn.bot_id] += 1
        self._turns[turn] = asyncio.create_task(self._run_turn(member, turn))

    async def _run_turn(self, member: Member, turn: Turn) -> None:
        try:
            await self._take(member, turn.update)
        except TurnBack as back:
            log.info("the turn is to be begun again", reason=back.reason)
            # To go, with the core that keeps the time: until then the turn waits in its place.
            await asyncio.sleep(min(RETRY_DELAY if back.seconds is None else back.seconds, 5.0))
            end = EndedTurn(turn, Outcome.BACK)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            cancelled_by_us = task is not None and task.cancelling()
            end = EndedTurn(turn, Outcome.BACK) if cancelled_by_us else _dead(turn, error)
        except BaseException as error:  # noqa: BLE001 - not even one that calls sys.exit does harm
            end = _dead(turn, error)
        else:
            end = EndedTurn(turn, Outcome.DONE)
        self._end(end)

    def _end(self, end: EndedTurn) -> None:
        if self._turns.pop(end.turn, None) is None:
            return
        bot = end.turn.bot_id
        self._held[bot] -= 1
        if not self._held[bot]:
            del self._held[bot]
        self._ended.append(end)
        self._nudge.set()

    async def _cancel_turns(self) -> None:
        """Put the turns in flight back, also those whose handlers refuse to be cancelled."""
        turns = dict(self._turns)
        for task in turns.values():
            task.cancel()
        if turns:
            log.warning("turns go back into the inbox", count=len(turns))
            await asyncio.wait(turns.values(), timeout=CANCEL_GRACE)
        for turn in turns:
            self._end(EndedTurn(turn, Outcome.BACK))

    async def _beat(self) -> None:
        """Show that this replica lives. If others took it for dead, its turns are theirs now."""
        while True:
            try:
                known = await self._inbox.beat()
            except RedisError as error:
                self._is_silent.about(error)
            else:
                self._is_silent.over()
                if not known:
                    log.warning("this replica was taken for dead; its turns are given to others")
                    await self._cancel_turns()
                    self._nudge.set()
            await asyncio.sleep(self._inbox.beat_interval)

    async def _listen(self) -> None:
        """Wait for the bell while there is room for more turns."""
        while True:
            await self._hungry.wait()
            try:
                await self._inbox.wait(IDLE_WAIT)
            except RedisError:
                await asyncio.sleep(RETRY_DELAY)
            self._nudge.set()

    async def _say_farewell(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL):
                while self._ended:
                    await self._exchange()
                await self._inbox.leave()
        except (TimeoutError, RedisError) as error:
            log.warning(
                "could not hand in the last turns; another replica will take them over",
                count=len(self._ended),
                error=describe(error) if isinstance(error, RedisError) else str(error),
            )


def _dead(turn: Turn, error: BaseException) -> EndedTurn:
    # Once, for the log too: this is the better part of what a turn that fails costs.
    reason, trace = map(redact, _describe(error))
    log.error(
        "the update is a dead letter now",
        error=reason,
        exception=trace.rstrip(),
        exc_info=(type(error), error, error.__traceback__),
    )
    kept = {
        "error": shorten(reason, LONGEST_ERROR),
        "traceback": shorten(trace, LONGEST_TRACEBACK),
    }
    return EndedTurn(turn, Outcome.DEAD, **kept)


def _describe(error: BaseException) -> tuple[str, str]:
    """Give an error's text and its traceback."""
    try:
        # The standard library knows that an error's own repr and str may raise.
        text = "".join(traceback.format_exception_only(error))
        return text.strip(), "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - it trusts a SyntaxError's numbers, which a parser may mistake
        return type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
