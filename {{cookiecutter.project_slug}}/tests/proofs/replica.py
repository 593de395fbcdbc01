"""A replica without its worker: the test says what it enters, begins and ends, and what is lost."""

import contextlib
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from fleet.inbox import EndedTurn, Inbox, Outcome, Turn
from fleet.inbox.mailboxes import Done, Mailboxes, Work
from fleet.shards import beats, holder
from fleet.shards.holder import Held, Holder, Taken
from tests.proofs.mail import text

STEP = 3.0
"""Seconds between two beats: few, and less than LONGEST_GAP."""


class Clock:
    """Stands for the module `time` where replicas tell by it who lives."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def replace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (beats, holder):
            monkeypatch.setattr(module, "time", self)


class Wire(Redis):
    """A client whose calls may stay on the way, and whose replies may get lost."""

    loses_replies = False
    keeps_back = False

    @classmethod
    def connect(cls, url: str) -> "Wire":
        wire = cls.from_url(url)
        assert isinstance(wire, cls)
        return wire

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if self.keeps_back:
            self.kept_back.append((args, options))
            raise RedisConnectionError("the call is still on its way")
        reply = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        if self.loses_replies:
            raise RedisConnectionError("the reply is lost")
        return reply

    @property
    def kept_back(self) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        found: list[tuple[tuple[Any, ...], dict[str, Any]]]
        found = self.__dict__.setdefault("_kept_back", [])
        return found

    async def deliver(self, at: int = 0) -> Any:
        """Let a call that was kept back arrive, by default the oldest; returns its reply."""
        args, options = self.kept_back.pop(at)
        try:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except NoScriptError:
            return None


class Replica:
    """Whoever uses it says `look` first."""

    def __init__(
        self, redis: Redis, name: str, shards: int = 1, *, states: str = "", **settings: Any
    ) -> None:
        self.name = name
        self.holder = Holder(redis, name, shards)
        self.mailboxes = Mailboxes(redis, name, states=states)
        self.inbox = Inbox(redis, replica=name, shards=shards, states=states, **settings)
        self.holder.open()

    async def look(self) -> list[Taken]:
        """Beat, and take what this replica should have; returns what it took."""
        taken: list[Taken] = []
        await self.holder.look(taken.append)
        return taken

    @property
    def held(self) -> Held:
        """The shard, where there is but one."""
        return self.holder.held[0]

    async def work(
        self,
        *ended: EndedTurn,
        begin: Iterable[str] = (),
        notes: Iterable[Turn] = (),
        look: bool = False,
    ) -> Done | None:
        """Make one call for the shard, where there is but one."""
        held, work = self.held, Work(list(ended), list(begin), list(notes), look)
        done = (await self.mailboxes.work({held: work}))[held]
        if done:
            held.news = done.newest
        return done

    async def begin(self, *conversations: str) -> list[Turn]:
        """Begin turns; those without mail are left out."""
        done = await self.work(begin=conversations)
        assert done
        return [turn for turn in done.begun if isinstance(turn, Turn)]

    async def end(self, *turns: Turn, outcome: Outcome = Outcome.DONE) -> Done | None:
        return await self.work(*ended(turns, outcome))

    async def waiting(self, *bots: int) -> list[str]:
        """Tell which conversations of bots have mail."""
        found = await self.mailboxes.read(self.held, bots, 10_000)
        return [name for bot in bots for name in found[bot]]

    async def run_all(self, *bots: int) -> list[int]:
        """Let every update of these bots have its turn, in order; returns their ids."""
        seen: list[int] = []
        while turns := await self.begin(*await self.waiting(*bots)):
            seen += ids(turns)
            await self.end(*turns)
        return seen


class Desk:
    """Lets so many turns in each shard begin with the entry of their updates."""

    def __init__(self, replica: Replica, places: int) -> None:
        self.begun: list[Turn] = []
        self._replica = replica
        self._places = places

    @contextlib.contextmanager
    def entry(self, bot_id: int, counts: Mapping[int, int]) -> Iterator["Desk"]:
        del bot_id, counts
        yield self

    @property
    def leases(self) -> dict[int, tuple[int, int]]:
        held = self._replica.holder.held
        return {shard: (one.epoch, self._places) for shard, one in held.items()}

    def begin(self, turn: Turn, arrival: int) -> None:
        del arrival
        self.begun.append(turn)


async def silence(clock: Clock, seconds: float, others: Collection[Replica]) -> list[Taken]:
    """Let time pass, in which these replicas beat and look; returns what they took."""
    taken: list[Taken] = []
    end = clock.now + seconds
    while clock.now < end:
        clock.now += STEP
        for one in others:
            taken += await one.look()
    return taken


async def put_for_ever(inbox: Inbox, bot: int) -> None:
    """Enter one large update after the other, each of another user, until that fails."""
    for n in itertools.count(1):
        await inbox.put(bot, [text(n, "x" * 10_000, user=n)])


def ended(turns: Iterable[Turn], outcome: Outcome = Outcome.DONE) -> list[EndedTurn]:
    return [EndedTurn(turn, outcome) for turn in turns]


def begun(done: Done) -> list[int | None]:
    """Give the ids of updates whose turns were begun, None where there was no mail."""
    return [turn.update_id if isinstance(turn, Turn) else None for turn in done.begun]


def ids(turns: Iterable[Turn]) -> list[int]:
    return [turn.update_id for turn in turns]


def name(bot: int, user: int = 7) -> str:
    """Name the conversation of a bot with a user in private."""
    return f"{bot}:{user}:{user}"
