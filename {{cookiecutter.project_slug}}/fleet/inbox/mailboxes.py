"""The inbox as the holder of shards sees it: what begins, what ended, what is new."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from fleet.inbox.sealing import Sealing
from fleet.inbox.states import states_by_key
from fleet.inbox.turns import EndedTurn, Outcome, Turn
from fleet.redis.keys import PREFIX
from fleet.redis.reading import read_number
from fleet.shards.holder import Held
from fleet.shards.scripts import Argument, ShardScripts

LETTERS_KEPT = 1 << 20
"""Bytes of dead letters that a shard keeps, the newest: they must not fill Redis."""
NEWS_AT_ONCE = 200
"""Conversations, of all shards together."""
FIRED_AT_ONCE = 100
"""Timers, of all shards together."""

_SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(slots=True)
class Work:
    """What is to be done in one shard."""

    ended: list[EndedTurn] = field(default_factory=list)
    begin: list[str] = field(default_factory=list)
    """Conversations."""
    notes: list[Turn] = field(default_factory=list)
    """Turns whose journals grow."""
    look: bool = False
    """Whether to look for timers that are due."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    left: list[int]
    """For each ended turn how many updates its mailbox still has."""
    begun: list[Turn | float | None]
    """For each conversation its turn, or seconds if more of its album may come, or None if it has
    no mail."""
    news: list[str]
    """Conversations that have got mail."""
    arrivals: list[int]
    """Their numbers in the order in which they did."""
    newest: int
    """The last of these, also from calls before."""
    due_in: float | None
    """Seconds until a timer is due, if it was looked."""


class Mailboxes:
    """Every method raises `redis.exceptions.RedisError` while Redis is away."""

    def __init__(
        self,
        redis: Redis,
        replica: str,
        sealing: Sealing | None = None,
        *,
        prefix: str = PREFIX,
        states: str = "",
    ) -> None:
        self._redis = redis
        self._replica = replica
        self._states = states
        self._sealing = sealing or Sealing()
        self._scripts = ShardScripts(redis, prefix, _SCRIPTS)
        self._work, self._read = map(self._scripts.load, ("work", "read"))

    async def work(self, work: Mapping[Held, Work]) -> dict[Held, Done | None]:
        """Hand in turns that ended, begin others, hear the news. None: the shard is another's.

        Until a call succeeds, repeat it with at least the same. One call at a time.
        """
        arguments: dict[int, list[Argument]] = {}
        for held, one in work.items():
            held.call = held.answered + 1
            notes = [(turn, *note) for turn in one.notes for note in turn.notes]
            own = arguments[held.shard] = [
                held.epoch, held.call, held.answered, held.news, int(one.look),
                len(notes), len(one.ended), len(one.begin),
            ]  # fmt: skip
            for turn, key, value in notes:
                own += [turn.conversation, turn.update_id, key, value]
            for ended in one.ended:
                await self._write_elsewhere(held.shard, ended)
                own += _arguments(ended)
            own += one.begin
        common: list[Argument] = [
            self._replica, LETTERS_KEPT, NEWS_AT_ONCE, FIRED_AT_ONCE, self._states
        ]  # fmt: skip
        asked_at = time.monotonic()
        replies = await self._scripts.each(self._work, common, arguments)
        done: dict[Held, Done | None] = {}
        for held, one in work.items():
            reply = replies[held.shard]
            done[held] = None
            if reply is None:
                continue
            left, heads, news, due_in = reply
            if one.ended or one.begin or one.notes:
                held.answered = held.call
            names = [name.decode() for name in news[::2]]
            arrivals = [int(arrival) for arrival in news[1::2]]
            newest = arrivals[-1] if arrivals else held.news
            begun = [
                self._begun(held.shard, name, head, asked_at)
                for name, head in zip(one.begin, heads, strict=True)
            ]
            due = due_in / 1000 if due_in >= 0 else None
            done[held] = Done(left, begun, names, arrivals, newest, due)
        return done

    async def _write_elsewhere(self, shard: int, ended: EndedTurn) -> None:
        """Write states of other shards: in a Cluster the script of this one cannot."""
        if self._scripts.in_one_call or not ended.writes:
            return
        tag, own = self._scripts.key(shard), []
        for write in ended.writes:
            if write.key.startswith(tag):
                own.append(write)
            elif write.value is None:
                await self._redis.execute_command("DEL", write.key)
            else:
                ttl = ("PX", write.ttl_ms) if write.ttl_ms else ()
                await self._redis.execute_command("SET", write.key, write.value, *ttl)
        ended.writes = own

    async def read(self, held: Held, bots: Collection[int], most: int) -> dict[int, list[str]]:
        """Tell which conversations of bots have mail: for each at most so many, the oldest."""
        reply = await self._scripts.one(self._read, held.shard, [most, *bots])
        return {
            bot: [name.decode() for name in names] for bot, names in zip(bots, reply, strict=True)
        }

    def _begun(self, shard: int, name: str, head: Any, asked_at: float) -> Turn | float | None:
        if isinstance(head, int):
            return head / 1000
        if head is None:
            return None
        update, state, data, tries, *notes = head
        update_id, _, json = update.partition(b" ")
        states = states_by_key(self._scripts.fill(self._states, shard), name, (state, data))
        turn = Turn(name, shard, int(update_id), self._sealing.open(json), states, asked_at)
        if tries:
            turn.deaths, turn.backs = _read_tries(tries)
            turn.noted = dict(zip(notes[::2], notes[1::2], strict=True))
        return turn


def _read_tries(tries: bytes) -> tuple[int, int]:
    try:
        deaths, backs, _ = map(read_number, tries.split())
    except ValueError:  # damaged: it is as if it were the first turn
        return 0, 0
    return deaths, backs


def _arguments(ended: EndedTurn) -> list[Argument]:
    turn = ended.turn
    own: list[Argument] = [turn.conversation, turn.update_id, ended.outcome]
    if ended.outcome is Outcome.DEAD:
        # An error's text may hold what UTF-8 cannot, such as a file's name.
        texts = (text.encode(errors="backslashreplace") for text in (ended.error, ended.traceback))
        own += [*texts, turn.deaths]
    elif ended.outcome is Outcome.BACK:
        own += [turn.deaths, turn.backs + 1, int(ended.again_in * 1000)]
    else:
        own += ["", "", ""]
    own.append(len(ended.writes))
    for write in ended.writes:
        if write.value is None:
            own += [write.key, "", -1]
        else:
            own += [write.key, write.value, write.ttl_ms or 0]
    own.append(len(ended.timers))
    for timer in ended.timers:
        due = "" if timer.due_ms is None else timer.due_ms
        own += [timer.conversation, timer.name, due, timer.json]
    return own
