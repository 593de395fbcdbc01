"""The inbox as the rest of the service sees it. The package's docstring lists its keys."""

import math
import secrets
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import OutOfMemoryError

from fleet.inbox.conversation import conversation_of
from fleet.inbox.letters import LETTER_ID, DeadLetter
from fleet.inbox.sealing import Sealing
from fleet.lenient import dumps
from fleet.redis.keys import PREFIX
from fleet.redis.reading import by_bot, read_number
from fleet.redis.replicas import Confirmed

BEAT_INTERVAL = 3.0
"""Seconds between two beats of a replica."""
DEAD_AFTER = 15.0
"""Seconds of silence after which a replica counts as dead and its turns are given to others."""
SEEN_FOR = 3 * 24 * 3600
"""Seconds for which the ids of a bot's updates are remembered after its last one.

Telegram offers an update again for 24 hours (https://core.telegram.org/bots/api#getting-updates),
and after a week without updates it chooses the next id at random
(https://core.telegram.org/bots/api#update): longer than the one, shorter than the other.
"""
LETTERS_KEPT = 10_000
"""How many dead letters are kept, newest first: they must not fill Redis."""

DROPPED_AT_ONCE = 10_000
"""Conversations: more at a time would hold Redis up for everybody."""

_SCRIPTS = Path(__file__).parent / "scripts"


class InboxFull(Exception):
    """The inbox takes no more updates for now. Leave them with Telegram and try again later."""


class Outcome(StrEnum):
    """What became of a turn."""

    DONE = "done"
    """The update was handled and is over."""
    DEAD = "dead"
    """The update could not be handled and is a dead letter now."""
    BACK = "back"
    """The update keeps its place at the head of its conversation and gets another turn."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One handling of one update, in the hands of this replica until it is handed in."""

    conversation: str
    number: int
    update: bytes
    """The update as JSON."""

    @property
    def bot_id(self) -> int:
        return int(self.conversation.partition(":")[0])


@dataclass(frozen=True, slots=True)
class EndedTurn:
    turn: Turn
    outcome: Outcome
    error: str = ""
    traceback: str = ""


class Inbox:
    """One replica's access to the inbox that all replicas share.

    Every method raises `redis.exceptions.RedisError` while Redis is away; nothing is lost then,
    and each may simply be called again.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        limit: int = 100_000,
        limit_per_bot: int = 20_000,
        max_attempts: int = 3,
        beat_interval: float = BEAT_INTERVAL,
        dead_after: float = DEAD_AFTER,
        prefix: str = PREFIX,
        sealing: Sealing | None = None,
        wait_replicas: int = 0,
    ) -> None:
        self.replica = secrets.token_hex(4)
        self.beat_interval = beat_interval
        self._redis = redis
        self._limit, self._limit_per_bot = limit, limit_per_bot
        self._max_attempts = max_attempts
        self._dead_after = dead_after
        self._prefix = prefix
        self._sealing = sealing or Sealing()
        self._confirmed = Confirmed(redis, wait_replicas)
        common = (_SCRIPTS / "common.lua").read_text()
        self._put, self._exchange, self._beat, self._leave, self._replay, self._drop = (
            redis.register_script(common + (_SCRIPTS / f"{name}.lua").read_text())
            for name in ("put", "exchange", "beat", "leave", "replay", "drop")
        )
        self._number = 1
        self._last_number = 0
        self._last_beat = -math.inf

    async def put(self, bot_id: int, updates: Iterable[Mapping[str, Any]]) -> int:
        """Enter a batch of one bot's raw updates; those entered before are recognised by their id.

        They are as `fleet.lenient.loads` reads them, each with an `update_id` from 0 to 2^53. All
        enter or none. Once this returns, each of them will have its turn.

        Returns:
            How many were new.

        Raises:
            InboxFull: as many wait as `INBOX_LIMIT` or `INBOX_LIMIT_PER_BOT` allow, or Redis has
                reached its memory limit. None has entered.
        """
        arguments: list[str | bytes | int] = [
            bot_id, self._limit, self._limit_per_bot, SEEN_FOR,
        ]  # fmt: skip
        for update in updates:
            arguments += (
                update["update_id"],
                conversation_of(bot_id, update),
                self._sealing.close(dumps(update)),
            )
        try:
            entered = int(await self._confirmed.run(self._put, [self._prefix], arguments))
        except OutOfMemoryError as error:
            raise InboxFull("Redis has reached its memory limit") from error
        if entered < 0:
            raise InboxFull("as many updates wait as INBOX_LIMIT or INBOX_LIMIT_PER_BOT allow")
        return entered

    async def has_room(self, bot_id: int) -> bool:
        """Tell whether the limits let a batch of this bot in; cheap, unlike sending it in vain."""
        counts = await self._redis.execute_command("HMGET", self._prefix + "waiting", "all", bot_id)
        in_all, of_bot = (int(count or 0) for count in counts)
        return in_all < self._limit and of_bot < self._limit_per_bot

    async def exchange(
        self,
        ended: Sequence[EndedTurn] = (),
        *,
        wanted: int,
        share: int | None = None,
        skip: Collection[int] = (),
    ) -> list[Turn]:
        """Hand in turns that ended and take the next ones.

        Until a call succeeds, repeat it with at least the same `ended`: it hands in each turn once
        and gives again the turns whose first reply was lost. One call at a time.

        Args:
            ended: turns that are over.
            wanted: how many turns to take at the most.
            share: how many of them one bot may get at the most; all, if not given.
            skip: bots that get no turn for now.
        """
        arguments: list[str | bytes | int] = [
            self.replica, self._number, self._last_number, wanted, share or wanted, LETTERS_KEPT,
            self._max_attempts, len(skip), *skip,
        ]  # fmt: skip
        for end in ended:
            turn = end.turn
            # An error's text may hold what UTF-8 cannot, such as a file's name.
            texts = (text.encode(errors="backslashreplace") for text in (end.error, end.traceback))
            arguments += (turn.conversation, turn.number, end.outcome, *texts)
        reply = await self._call(self._exchange, arguments)
        turns = [
            Turn(conversation.decode(), int(number), self._sealing.open(update))
            for conversation, number, update in zip(*[iter(reply)] * 3, strict=True)
        ]
        self._last_number, self._number = self._number, self._number + max(1, len(turns))
        return turns

    async def wait(self, seconds: float) -> None:
        """Return when there may be turns to take, or after `seconds` at the latest."""
        await self._redis.execute_command("BLPOP", self._prefix + "bell", seconds)

    async def beat(self) -> bool:
        """Show that this replica lives, and put the turns of dead replicas back.

        Call it every `beat_interval` seconds.

        Returns:
            Whether the replica was known. If not, it is new or was declared dead: then its turns
            are no longer its own.
        """
        gap = 2 * self.beat_interval
        sent_at = time.monotonic()
        known = await self._call(
            self._beat, [self.replica, self._dead_after, gap, self._max_attempts, LETTERS_KEPT]
        )
        self._last_beat = sent_at
        return bool(known)

    @property
    def cut_off(self) -> bool:
        """Whether others may soon take this replica for dead, as it has not been able to beat."""
        return time.monotonic() - self._last_beat > self._dead_after - self.beat_interval

    async def leave(self) -> None:
        """Say that this replica is gone. Turns not handed in stay until it counts as dead."""
        await self._call(self._leave, [self.replica])

    async def sizes(self) -> dict[int, int]:
        """Count the updates that wait, turns in hand included, for each bot that has any."""
        counts = await self._redis.execute_command("HGETALL", self._prefix + "waiting")
        return {bot: number for bot, number in by_bot(counts, read_number).items() if number}

    async def last_updates(self) -> dict[int, int]:
        """Tell when each bot's last update was entered, in seconds since the epoch."""
        times = await self._redis.execute_command("HGETALL", self._prefix + "last")
        return by_bot(times, read_number)

    async def last_update(self, bot_id: int) -> int | None:
        """Tell the same of one bot; None if it never got one."""
        seconds = await self._redis.execute_command("HGET", self._prefix + "last", bot_id)
        return None if seconds is None else int(seconds)

    async def replicas(self) -> set[str]:
        """Tell which replicas live."""
        seconds, _ = await self._redis.time()
        names = await self._redis.zrangebyscore(
            self._prefix + "replicas", seconds - self._dead_after, "+inf"
        )
        return {name.decode() for name in names}

    async def dead_letters(self, page: int = 20) -> AsyncIterator[DeadLetter]:
        """Iterate over the dead letters, oldest first."""
        start = "-"
        while entries := await self._redis.xrange(self._prefix + "dead", min=start, count=page):
            for key, fields in entries:
                yield DeadLetter.read(key.decode(), fields)
            start = f"({entries[-1][0].decode()}"

    async def dead_letter(self, letter_id: str) -> DeadLetter | None:
        """Look a dead letter up by its id."""
        if not LETTER_ID.fullmatch(letter_id):
            return None
        found = await self._redis.xrange(self._prefix + "dead", letter_id, letter_id)
        return DeadLetter.read(letter_id, found[0][1]) if found else None

    async def count_dead_letters(self) -> int:
        """Tell how many dead letters there are."""
        return int(await self._redis.xlen(self._prefix + "dead"))

    async def replay(self, letter_id: str) -> bool:
        """Give the update of a dead letter another turn, after what waits in its conversation.

        Returns whether there was that letter. It is none any more; if the turn fails, there will be
        a new one.
        """
        if not LETTER_ID.fullmatch(letter_id):
            return False
        return bool(await self._call(self._replay, [letter_id]))

    async def drop(self, letter_id: str) -> bool:
        """Delete a dead letter for good. Returns whether there was that letter."""
        if not LETTER_ID.fullmatch(letter_id):
            return False
        return bool(await self._redis.xdel(self._prefix + "dead", letter_id))

    async def drop_waiting(
        self, bot_id: int, *, in_hand: bool = False, while_in: str | None = None
    ) -> int:
        """Delete a bot's updates that wait. Returns how many.

        Args:
            bot_id: the bot.
            in_hand: also those whose turns are in hand; the ends of these turns no longer count.
            while_in: what follows REDIS_PREFIX in the name of a set; nothing is deleted once the
                bot is not in it.
        """
        total = 0
        while True:
            arguments: list[str | int] = [bot_id, int(in_hand), DROPPED_AT_ONCE]
            arguments += [while_in] if while_in else []
            dropped = int(await self._call(self._drop, arguments))
            total += dropped
            if dropped < DROPPED_AT_ONCE:  # each conversation had at least one
                return total

    async def _call(self, script: AsyncScript, arguments: list[Any]) -> Any:
        return await script(keys=[self._prefix], args=arguments)
