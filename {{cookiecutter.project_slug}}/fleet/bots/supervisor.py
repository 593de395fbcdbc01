"""Makes the actual fleet equal to the desired one, and keeps the troubles of its bots apart."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError

from fleet.bots.desired import DesiredBot, DesiredFleet
from fleet.bots.member import BotState, Member
from fleet.bots.peers import Peers
from fleet.bots.pending import Pending
from fleet.bots.states import BotStatus, States
from fleet.redis.errors import Complaint
from fleet.shards.holder import Held, Holder
from fleet.tasks import end

INTERVAL = 1.0
"""Seconds between two reconciliations: a change takes effect within two of them."""
HEARSAY_DELAY = 10.0
"""Seconds for which a refusal seen here outweighs what the holder of the bot told last."""
RESTART_DELAY = 5.0
"""Seconds until an intake that ended by a fault of ours is started again."""

log = structlog.get_logger(__name__)


class PartWith(Protocol):
    """See `fleet.intake.modes.Intake.part_with`."""

    def __call__(self, member: Member, *, tidy: bool) -> None: ...


class Supervisor:
    """Reconciles at start, on every change and from time to time: one path for all of it.

    Every replica has every member, to take turns for it; the replica that holds a bot's own
    shard also runs its intake.

    Args:
        desired: tells which bots should run.
        holder: tells which of them are this replica's.
        states: tells the other replicas how they are.
        peers: notices replicas that have other bots.
        pending: tells which bots still have to drop what came before the start.
        create_member: makes a member of a desired bot and its token.
        intake: one bot's intake; runs until cancelled.
        part_with: is told of a member that leaves or gets another token.
    """

    def __init__(
        self,
        desired: DesiredFleet,
        holder: Holder,
        states: States,
        peers: Peers,
        pending: Pending,
        create_member: Callable[[DesiredBot, str], Member],
        intake: Callable[[Member], Coroutine[Any, Any, None]],
        part_with: PartWith,
    ) -> None:
        self.members: dict[int, Member] = {}
        self.reconciled = False
        """Whether the first reconciliation is done."""
        self._desired = desired
        self._holder = holder
        self._states = states
        self._peers = peers
        self._pending = pending
        self._create_member = create_member
        self._intake = intake
        self._part_with = part_with
        self._unusable: dict[int, str] = {}
        self._adopted: dict[int, DesiredBot] | None = None
        self._intakes: dict[int, tuple[Held, asyncio.Task[None]]] = {}
        self._stopping = asyncio.Event()
        self._stays = Complaint(log, "the fleet stays as it is", hushed=True)

    async def prepare(self) -> None:
        """Make the members equal to the desired fleet. Raises `RedisError`."""
        await self._adopt(await self._desired.read())

    async def run(self) -> None:
        """Reconcile until `stop` is called; then end all intakes."""
        while not self._stopping.is_set():
            try:
                await self._reconcile()
            except RedisError as error:
                self._stays.about(error)
                await self._share_intakes()
            else:
                self._stays.over()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._holder.changed.wait()
            self._holder.changed.clear()
        await self._stop_intakes(list(self._intakes))

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopping.set()
        self._holder.changed.set()

    async def _reconcile(self) -> None:
        await self.prepare()
        if self._pending:
            await self._pending.refresh()
        kept = await self._share_intakes()
        self.reconciled = True  # a Redis that is full refuses what follows
        await self._hear_of_refused(kept)
        await self._states.tell({bot: BotStatus.of(self.members[bot]) for bot in kept})
        await self._peers.compare(self._desired.in_settings)

    async def _share_intakes(self) -> frozenset[int]:
        """Run the intakes of the bots whose own shards are held here, but for those that rest.

        Returns all of these.
        """
        served = {bot: held for bot in self.members if (held := self._holder.serves(bot))}
        ours = {bot: held for bot, held in served.items() if not self.members[bot].paused}
        others = [bot for bot, (held, _) in self._intakes.items() if ours.get(bot) is not held]
        await self._stop_intakes(others)
        if others and not self._holder.beats:
            for bot in others:
                self.members[bot].enter(BotState.BACKING_OFF, "Redis is away for long")
        for bot in ours.keys() - self._intakes.keys():
            ours[bot].intakes.add(bot)
            task = asyncio.create_task(self._keep(self.members[bot]))
            self._intakes[bot] = ours[bot], task
        return frozenset(served)

    async def _adopt(self, desired: dict[int, DesiredBot]) -> None:
        """Make members of what is desired; a bot whose token changed becomes a new one."""
        if desired is self._adopted:
            return
        gone = {
            bot
            for bot, member in self.members.items()
            if bot not in desired or not _has_token(member, desired[bot])
        }
        for bot in gone:
            mine = bot in self._intakes or self.members[bot].paused
            self._part_with(self.members[bot], tidy=mine and bot not in desired)
        await self._stop_intakes(gone)
        for bot in gone:
            del self.members[bot]
            log.info("a bot left the fleet or got another token", bot_id=bot)
            if bot not in desired:
                await self._states.forget(bot)
        for bot, wanted in desired.items():
            if wanted.token is None:
                if self._unusable.get(bot) != wanted.error:
                    log.error("a bot cannot run", bot_id=bot, error=wanted.error)
                continue
            member = self.members.get(bot)
            if member is None:
                member = self.members[bot] = self._create_member(
                    wanted, wanted.token.get_secret_value()
                )
            member.role = wanted.role
            if member.paused != wanted.paused:
                member.paused = wanted.paused
                member.enter(BotState.PAUSED if wanted.paused else BotState.STARTING)
        self._unusable = {
            bot: wanted.error or "" for bot, wanted in desired.items() if not wanted.token
        }
        self._adopted = desired

    async def _hear_of_refused(self, kept: frozenset[int]) -> None:
        """Believe the holder: a turn here can find that a token is refused, not that it works."""
        now = time.monotonic()
        refused = [
            member
            for member in self.members.values()
            if member.state is BotState.UNAUTHORIZED
            and member.id not in kept
            and now - member.changed_at > HEARSAY_DELAY
        ]
        told = await self._states.read([member.id for member in refused])
        for member in refused:
            if status := told.get(member.id):
                member.enter(status.state, status.error)

    async def _keep(self, member: Member) -> None:
        while True:
            try:
                await self._intake(member)
            except Exception as error:
                member.enter(BotState.BACKING_OFF, f"{type(error).__name__}: {error}")
                log.exception("the intake of a bot failed; starting it again", bot_id=member.id)
                await asyncio.sleep(RESTART_DELAY)

    async def _stop_intakes(self, bots: Iterable[int]) -> None:
        stopped = [(bot, *self._intakes.pop(bot)) for bot in bots if bot in self._intakes]
        await end([task for _, _, task in stopped])
        for bot, held, _ in stopped:
            held.intakes.discard(bot)


def _has_token(member: Member, wanted: DesiredBot) -> bool:
    return wanted.token is not None and wanted.token.get_secret_value() == member.bot.token
