"""Turns in groups that have become supergroups, and in those."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from redis.exceptions import RedisError

from fleet.inbox.conversation import bot_of, without_lane
from fleet.inbox.relocation import Relocation
from fleet.redis.errors import describe, is_away
from fleet.telegram.movebook import MoveBook
from fleet.turn.errors import TurnBack

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from fleet.inbox import turns
    from fleet.telegram.moves import Moves
    from fleet.turn.updates import Raw

SUPERGROUP = ":-100"
"""How the ids of supergroups begin, after the bot's: https://core.telegram.org/api/bots/ids"""
MOST_SETTLED = 10_000
"""Conversations of which it is remembered that nothing of theirs is in the group any more, and
supergroups of which it is that they were looked for among those that groups have become."""

log = structlog.get_logger(__name__)


class Moving:
    """Has the conversations of a group go on in the supergroup.

    Args:
        redis: the client.
        moves: the groups that have moved.
        shards: how many there are.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, moves: Moves, shards: int, *, prefix: str) -> None:
        self.book = MoveBook(redis, moves, prefix=prefix)
        self._moves = moves
        self._relocation = Relocation(redis, shards, prefix=prefix)
        self._settled: set[str] = set()
        self._looked_up: set[str] = set()

    def concerns(self, turn: turns.Turn) -> bool:
        """Tell whether `prepare` need be asked: for most turns not, and to tell costs nothing."""
        return bool(self._moves) or SUPERGROUP in turn.conversation

    async def prepare(self, turn: turns.Turn, raw: Raw) -> bool:
        """Do what comes before the turn's handler.

        Returns:
            False if there is nothing to handle: it is a timer that was brought to the supergroup.

        Raises:
            TurnBack: Redis is away, or the user's updates from the group come first.
        """
        try:
            return await self._prepare(turn, raw[0] if isinstance(raw, list) else raw)
        except RedisError as error:
            if is_away(error):
                raise TurnBack(describe(error)) from error
            raise

    async def _prepare(self, turn: turns.Turn, update: dict[str, Any]) -> bool:
        await self._look_up(turn.conversation)
        here, timer = turn.conversation, update.get("timer")
        there = self._moves.now(here)
        if there != here and timer:
            name, number = timer["name"], turn.update_id
            if not await self._relocation.claim(here, there, name, number):
                log.info("the timer is the supergroup's now", timer=name)
                return False
        elif old := self._moves.before(here):
            await self._settle(old, here)
        if timer:
            renew(self._moves, turn.bot_id, timer)
        return True

    async def _look_up(self, conversation: str) -> None:
        """Hear whether a supergroup was a group, before its first turn here.

        What Telegram tells of that stands in the book before anything of the supergroup enters.
        """
        chat = conversation.rpartition(":")[0]
        if SUPERGROUP not in chat or chat in self._looked_up:
            return
        try:
            await self.book.hear()
        except RedisError as error:  # what is damaged there keeps nobody from work
            if is_away(error):
                raise
        _remember(self._looked_up, chat)

    async def _settle(self, old: str, new: str) -> None:
        """See that nothing of a conversation is left in the group."""
        if new in self._settled:
            return
        await self._wait_for(old)
        main = without_lane(old)
        if main != old and await self._relocation.waiting(main):
            return  # a lane does not wait for that, which may still set and cancel timers
        await self._relocation.bring(main, new, partial(renew_json, self._moves, bot_of(new)))
        await self._wait_for(main)  # one may have fired just before
        _remember(self._settled, new)

    async def _wait_for(self, conversation: str) -> None:
        if await self._relocation.waiting(conversation):
            raise TurnBack("what waits from the time before the group was a supergroup goes first")


def _remember(some: set[str], one: str) -> None:
    if len(some) >= MOST_SETTLED:
        some.clear()
    some.add(one)


def renew(moves: Moves, bot_id: int, timer: dict[str, Any]) -> None:
    """Have a timer be about the supergroup that its group is now."""
    if (chat := timer["chat"]) and (new := moves.new_id(bot_id, chat["id"])):
        timer["chat"] = {"id": new, "type": "supergroup"}


def renew_json(moves: Moves, bot_id: int, json: bytes) -> bytes:
    """Do so with what its turn gets."""
    try:
        kept = orjson.loads(json)
        renew(moves, bot_id, kept["timer"])
    except (ValueError, LookupError, TypeError):  # damaged: that is the trouble of its turn
        return json
    return orjson.dumps(kept)
