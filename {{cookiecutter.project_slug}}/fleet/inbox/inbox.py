"""The inbox from outside: entering and counting. For its holder's side see `mailboxes`."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from fleet.inbox.conversation import ALBUM_HINT, Order, album_of, mailbox_of
from fleet.inbox.last import LastUpdates
from fleet.inbox.letters import Letters
from fleet.inbox.sealing import Sealing
from fleet.inbox.states import states_by_key
from fleet.inbox.turns import Turn
from fleet.lenient import dumps
from fleet.redis.keys import PREFIX
from fleet.redis.reading import by_bot, read_number
from fleet.redis.replicas import Confirmed
from fleet.shards.holder import ring
from fleet.shards.scripts import Argument, ShardScripts, ask_each
from fleet.shards.shard import shard_of_conversation

SEEN_FOR = 25 * 3600
"""Seconds for which the ids of a bot's updates are remembered after its last one.

Telegram offers an update again for 24 hours (https://core.telegram.org/bots/api#getting-updates),
and after a week without updates it chooses the next id at random
(https://core.telegram.org/bots/api#update): longer than the one, shorter than the other.
"""
LITTLE = 100
"""A bot for which no more than so many wait is let in although INBOX_LIMIT is reached."""
LOOK_AFTER = 10
"""What there is room for is looked up when one part in so many of it has entered."""
DROPPED_AT_ONCE = 500
"""Conversations: more in one script would hold Redis up for everybody."""

_SCRIPTS = Path(__file__).parent / "scripts"

log = structlog.get_logger(__name__)


class InboxFull(Exception):
    """The inbox takes no more updates for now. Leave them with Telegram and try again later."""


class Dropped(NamedTuple):
    """How much was deleted of what waited."""

    updates: int
    timers: int


class Entry(Protocol):
    """One batch on its way in, as who holds shards here sees it."""

    @property
    def leases(self) -> Mapping[int, tuple[int, int]]:
        """Shard → epoch, turns that may begin at once; only of shards that are held here."""

    def begin(self, turn: Turn, arrival: int) -> None:
        """Start a turn that entering has begun; with the arrival of its conversation."""


class Desk(Protocol):
    """Who holds shards in this process."""

    def entry(
        self, bot_id: int, counts: Mapping[int, int]
    ) -> contextlib.AbstractContextManager[Entry]:
        """Make ready for so many updates of a bot in each shard."""


class Inbox:
    """Access to the inbox that all replicas share.

    Every method raises `redis.exceptions.RedisError` while Redis is away; nothing is lost then,
    and each may simply be called again.

    Args:
        redis: the client.
        replica: the name of this one.
        shards: how many there are.
        order: who shares a conversation.
        lanes: those of commands, by their names.
        limit: updates that may wait in all.
        limit_per_bot: updates of one bot that may wait.
        limit_per_user: updates of one conversation that may wait.
        prefix: REDIS_PREFIX.
        wait_replicas: replicas of Redis that must have what has entered.
        sealing: keeps tokens that people write out of Redis.
        states: see `fleet.state_keys.begin_of_states`; without it turns read their states.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        replica: str = "",
        shards: int = 64,
        order: Order = Order.USER_IN_CHAT,
        lanes: Mapping[str, str] | None = None,
        limit: int = 100_000,
        limit_per_bot: int = 20_000,
        limit_per_user: int = 100,
        prefix: str = PREFIX,
        sealing: Sealing | None = None,
        wait_replicas: int = 0,
        states: str = "",
    ) -> None:
        self.desk: Desk | None = None
        """Without one, turns begin when their holder has heard of them."""
        self.observe: Callable[[int, list[Mapping[str, Any]]], Awaitable[None]] | None = None
        """Is shown each batch with its bot, before anything is made of it."""
        self.name_now: Callable[[str], str] = str
        """Tells how a conversation is named now: its group may have moved."""
        self._order = order
        self._lanes = lanes or {}
        self._redis = redis
        self._replica = replica
        self._shards = shards
        self._limit = limit
        self._limit_per_bot = limit_per_bot
        self._limit_per_user = limit_per_user
        self._prefix = prefix
        self._sealing = sealing or Sealing()
        self._states = states
        self._scripts = ShardScripts(redis, prefix, _SCRIPTS)
        self._confirmed = Confirmed(redis, wait_replicas)
        self._enter, self._sizes, self._drop = map(self._scripts.load, ("enter", "sizes", "drop"))
        self.letters = Letters(redis, self._scripts, shards)
        self.last = LastUpdates(redis, prefix)
        self._room: dict[int, int] = {}
        self._to_ring: defaultdict[str, set[int]] = defaultdict(set)
        self._ringing: asyncio.Task[None] | None = None

    async def put(self, bot_id: int, updates: Iterable[Mapping[str, Any]]) -> int:
        """Enter a batch of one bot's raw updates; those entered before are recognised by their id.

        They are as `fleet.lenient.loads` reads them, each with an `update_id` from 0 to 2^53. Once
        this returns, each of them will have its turn, but for those of a conversation in which
        USER_LIMIT wait already: these are dropped and counted. If it fails, some may have entered:
        put all of them again.

        Returns:
            How many were new.

        Raises:
            InboxFull: some are new, but as many wait as `INBOX_LIMIT` or `INBOX_LIMIT_PER_BOT`
                allow, or Redis has reached its memory limit.
        """
        batch: defaultdict[int, list[tuple[int, str, bytes]]] = defaultdict(list)
        updates = list(updates)
        if self.observe:
            await self.observe(bot_id, updates)
        for update in updates:
            name = self.name_now(mailbox_of(bot_id, update, self._order, self._lanes))
            text = self._sealing.close(dumps(update))
            if ALBUM_HINT in text and (album := album_of(update)):
                text = b"@%b %b" % (album.encode(), text)
            shard = shard_of_conversation(name, self._shards)
            batch[shard].append((update["update_id"], name, text))
        count, room = sum(map(len, batch.values())), self._room.get(bot_id, 0)
        if room < count:
            room = self._room[bot_id] = await self._look_for_room(bot_id)
        if room <= 0:
            await self._refuse_if_new(bot_id, batch)
            return 0
        self._room[bot_id] = room - count
        return await self._put(bot_id, batch)

    async def _put(self, bot_id: int, batch: Mapping[int, list[tuple[int, str, bytes]]]) -> int:
        counts = {shard: len(updates) for shard, updates in batch.items()}
        entry: contextlib.AbstractContextManager[Entry | None] = contextlib.nullcontext()
        if self.desk:
            entry = self.desk.entry(bot_id, counts)
        new = dropped = 0
        asked_at = time.monotonic()
        with entry as held:
            try:
                replies = await self._scripts.each(
                    self._enter,
                    [self._replica, bot_id, SEEN_FOR, self._limit_per_user, 0, self._states],
                    _arguments(batch, held.leases if held else {}),
                    self._confirmed.run,
                )
            except OutOfMemoryError as error:
                raise InboxFull("Redis has reached its memory limit") from error
            for shard, (holder, entered, left_out, *begun) in replies.items():
                new, dropped = new + entered, dropped + left_out
                if holder:
                    self._to_ring[holder.decode()].add(shard)
                for at, arrival, *found in zip(*[iter(begun)] * 4, strict=True):
                    update_id, name, json = batch[shard][at - 1]
                    states = states_by_key(self._scripts.fill(self._states, shard), name, found)
                    json = self._sealing.open(json)
                    turn = Turn(name, shard, update_id, json, states, asked_at)
                    cast("Entry", held).begin(turn, arrival)
        if dropped:
            log.warning("updates of one user are dropped: USER_LIMIT", bot_id=bot_id, count=dropped)
        if new:
            self.last.note(bot_id)
        if self._to_ring and (self._ringing is None or self._ringing.done()):
            self._ringing = asyncio.create_task(self._ring())
        return new

    async def _refuse_if_new(
        self, bot_id: int, batch: Mapping[int, list[tuple[int, str, bytes]]]
    ) -> None:
        common: list[Argument] = [self._replica, bot_id, SEEN_FOR, self._limit_per_user, 1, ""]
        replies = await self._scripts.each(self._enter, common, _arguments(batch, {}))
        if any(new for _, new, *_ in replies.values()):
            raise InboxFull("as many updates wait as INBOX_LIMIT or INBOX_LIMIT_PER_BOT allow")

    async def has_room(self, bot_id: int) -> bool:
        """Tell whether updates of a bot would be let in."""
        return await self._look_for_room(bot_id) > 0

    async def _look_for_room(self, bot_id: int) -> int:
        """Tell how many updates of a bot may enter before this is to be looked up again."""
        arguments: dict[int, list[Argument]] = {shard: [] for shard in range(self._shards)}
        counts = (await self._scripts.each(self._sizes, [bot_id], arguments)).values()
        of_bot, in_all = map(sum, zip(*counts, strict=True))
        room = min(self._limit_per_bot - of_bot, max(self._limit - in_all, LITTLE - of_bot))
        return min(room, max(LITTLE, room // LOOK_AFTER))

    async def _ring(self) -> None:
        """Ring holders. What enters meanwhile, for any bot, has one more call together."""
        while self._to_ring:
            to_ring, self._to_ring = self._to_ring, defaultdict(set)
            with contextlib.suppress(RedisError):  # they look by themselves within a second
                await ring(self._redis, self._prefix, to_ring)

    async def sizes(self) -> dict[int, int]:
        """Count the updates that wait, turns in hand included, for each bot that has any."""
        return await self._sum("waiting")

    async def dropped(self) -> dict[int, int]:
        """Count the updates that USER_LIMIT has kept out, for each bot that has any."""
        return await self._sum("dropped")

    async def _sum(self, name: str) -> dict[int, int]:
        total: defaultdict[bytes, int] = defaultdict(int)
        keys = [self._scripts.key(shard, name) for shard in range(self._shards)]
        # A bot with many users is in all shards: its id is not read in each.
        for counts in await ask_each(self._redis, keys, "HGETALL"):
            for bot, count in counts.items():
                try:
                    total[bot] += int(count)
                except ValueError:  # damaged
                    continue
        return by_bot(total, read_number)  # `all` is no bot

    async def drop_waiting(
        self, bot_id: int, *, in_hand: bool = False, while_in: str | None = None
    ) -> Dropped:
        """Delete what waits for a bot, and is not in hand: updates, and timers that have fired.

        Args:
            bot_id: the bot.
            in_hand: instead, delete what Telegram has sent, also what is in hand: the ends of these
                turns no longer count. Timers and jobs stay.
            while_in: the name of a set; nothing is deleted once the bot is not in it.
        """
        updates = timers = 0
        for shard in range(self._shards):
            skip, looked_at = 0, DROPPED_AT_ONCE
            while looked_at == DROPPED_AT_ONCE:
                arguments: list[Argument] = [bot_id, DROPPED_AT_ONCE, skip, int(in_hand)]
                if while_in and self._scripts.in_one_call:
                    arguments.append(while_in)
                elif while_in and not await self._redis.execute_command(
                    "SISMEMBER", while_in, bot_id
                ):
                    return Dropped(updates, timers)
                *dropped, looked_at, kept = await self._scripts.one(self._drop, shard, arguments)
                updates, timers, skip = updates + dropped[0], timers + dropped[1], skip + kept
        self._room.pop(bot_id, None)
        return Dropped(updates, timers)


def _arguments(
    batch: Mapping[int, list[tuple[int, str, bytes]]], leases: Mapping[int, tuple[int, int]]
) -> dict[int, list[Argument]]:
    arguments: dict[int, list[Argument]] = {}
    for shard, updates in batch.items():
        own = arguments[shard] = [*leases.get(shard, (0, 0)), len(updates)]
        for update in updates:
            own += update
    return arguments
