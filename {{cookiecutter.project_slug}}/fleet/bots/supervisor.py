"""Makes the actual fleet equal to the desired one, and keeps the troubles of its bots apart."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError

from fleet.bots.desired import DesiredBot, DesiredFleet
from fleet.bots.leases import Leases
from fleet.bots.member import BotState, Member
from fleet.bots.peers import Peers
from fleet.bots.pending import Pending
from fleet.bots.states import BotStatus, States
from fleet.redis.errors import Complaint, describe
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

    Every replica has every member, to take turns for it; the replica that holds a bot's lease
    also runs its intake.

    Args:
        desired: tells which bots should run.
        leases: tells which of them are this replica's.
        states: tells the other replicas how they are.
        peers: notices replicas that have other bots.
        pending: tells which bots still have to drop what came before the start.
        create_member: makes a member of a desired bot and its token.
        intake: one bot's intake; runs until cancelled.
        part_with: is told of a member that leaves or gets another token.
        is_cut_off: tells that others may take this replica for dead, so that it holds nothing.
    """

    def __init__(
        self,
        desired: DesiredFleet,
        leases: Leases,
        states: States,
        peers: Peers,
        pending: Pending,
        create_member: Callable[[DesiredBot, str], Member],
        intake: Callable[[Member], Coroutine[Any, Any, None]],
        part_with: PartWith,
        is_cut_off: Callable[[], bool],
    ) -> None:
        self.members: dict[int, Member] = {}
        self.reconciled = False
        """Whether the first reconciliation is done."""
        self._desired = desired
        self._leases = leases
        self._states = states
        self._peers = peers
        self._pending = pending
        self._create_member = create_member
        self._intake = intake
        self._part_with = part_with
        self._is_cut_off = is_cut_off
        self._unusable: dict[int, str] = {}
        self._intakes: dict[int, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._stays = Complaint(log, "the fleet stays as it is", hushed=True)

    async def prepare(self) -> None:
        """Make the members equal to the desired fleet. Raises `RedisError`."""
        await self._adopt(await self._desired.read())

    async def run(self) -> None:
        """Reconcile until `stop` is called; then end all intakes and give their bots to others."""
        while not self._stopping.is_set():
            try:
                await self._reconcile()
            except RedisError as error:
                self._stays.about(error)
                if self._is_cut_off():
                    await self._rest()
            else:
                self._stays.over()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._stopping.wait()
        await self._retire()

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopping.set()

    async def _reconcile(self) -> None:
        await self.prepare()
        if self._pending:
            await self._pending.refresh()
        working = [member.id for member in self.members.values() if not member.paused]
        share = await self._leases.take_share(working)
        kept = share.held - share.surplus
        await self._hand_over(share.surplus | (self._intakes.keys() - kept))
        for bot in kept - self._intakes.keys():
            self._intakes[bot] = asyncio.create_task(self._keep(self.members[bot]))
        await self._hear_of_refused(kept)
        await self._states.tell({bot: BotStatus.of(self.members[bot]) for bot in kept})
        await self._peers.compare(self._desired.in_settings)
        self.reconciled = True

    async def _adopt(self, desired: dict[int, DesiredBot]) -> None:
        """Make members of what is desired; a bot whose token changed becomes a new one."""
        gone = {
            bot
            for bot, member in self.members.items()
            if bot not in desired or not _has_token(member, desired[bot])
        }
        for bot in gone:
            mine = bot in self._intakes or self.members[bot].paused
            self._part_with(self.members[bot], tidy=mine and bot not in desired)
        await self._hand_over(gone)
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
        told = await self._states.read_some([member.id for member in refused])
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
        await end([self._intakes.pop(bot) for bot in bots if bot in self._intakes])

    async def _rest(self) -> None:
        """Stop all intakes until Redis is back: these bots may be another replica's by then."""
        bots = list(self._intakes)
        await self._stop_intakes(bots)
        for bot in bots:
            self.members[bot].enter(BotState.BACKING_OFF, "Redis is away for long")

    async def _hand_over(self, bots: Collection[int]) -> None:
        """Let others take these bots, once their intakes have ended here."""
        await self._stop_intakes(bots)
        await self._leases.give_back(bots)

    async def _retire(self) -> None:
        try:
            await self._leases.retire()
            await self._hand_over(list(self._intakes))
        except RedisError as error:
            await self._stop_intakes(list(self._intakes))
            log.warning(
                "could not hand the bots over; others take them later", error=describe(error)
            )


def _has_token(member: Member, wanted: DesiredBot) -> bool:
    return wanted.token is not None and wanted.token.get_secret_value() == member.bot.token
