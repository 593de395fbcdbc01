"""Turns in the process of a test, as the service takes them, but for all that is about trouble.

Handlers get `turn`, `timers` and `album`; what a turn writes to states and timers is written with
its end; albums are one turn, lanes let what is urgent past. Each turn has one attempt. Time passes
when the sandbox' clock is moved: timers and jobs fire then, and only then. Broadcasts go out at the
end of the turn that has sent them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from aiogram import Bot, Dispatcher
from redis.asyncio import Redis

from fleet.bots.fleet import Fleet
from fleet.bots.member import Member
from fleet.broadcast.rehearsal import SHARDS, RehearsedBroadcasts, RehearsedObserver
from fleet.directory import Chats
from fleet.inbox import turns
from fleet.inbox.conversation import album_of, bot_of, mailbox_of, without_lane
from fleet.overlay import Overlay, TimerWrite
from fleet.routing import lanes_of
from fleet.state_keys import order_of
from fleet.storage import follow_moves
from fleet.telegram.moves import Following, Moves, move_of
from fleet.turn.errors import TurnBack
from fleet.turn.feeder import Feeder
from fleet.turn.jobs import clockworks, clockworks_for
from fleet.turn.moving import renew_json
from fleet.turn.running import RunningTurn

TIMEOUT = 120.0
"""Seconds: the HANDLER_TIMEOUT that a service has unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A turn that is to be taken."""

    conversation: str
    """It is in order with those of the same one."""
    update: dict[str, Any]
    """What it is for; of an album the first part."""
    take: Callable[[], Awaitable[Any]]
    """Returns what the handler has returned; raises what no error handler took."""


@dataclass(eq=False, slots=True)
class _Kept:
    write: TimerWrite
    due: datetime
    has_fired: bool = False


class _Book:
    """The timers, in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def of(self, conversation: str) -> dict[str, bytes]:
        kept = [one.write for one in self._kept.values()]
        return {one.name: one.json for one in kept if one.conversation == conversation}

    async def write(self, write: TimerWrite) -> bool:
        known = self._kept.pop((write.conversation, write.name), None)
        if write.due_ms is not None:
            due = datetime.fromtimestamp(write.due_ms / 1000, UTC)
            self._kept[write.conversation, write.name] = _Kept(write, due)
        return known is not None

    def follow(self, moves: Moves) -> None:
        """Have timers of groups that have become supergroups be theirs."""
        for (conversation, name), one in list(self._kept.items()):
            now = moves.now(conversation)
            if now != conversation and not one.has_fired:
                del self._kept[conversation, name]
                json = renew_json(moves, bot_of(now), one.write.json)
                one.write = replace(one.write, conversation=now, json=json)
                self._kept[now, name] = one

    def fire(self, bot_id: int, now: datetime) -> list[TimerWrite]:
        """Give those of a bot that are due, in that order."""
        due = [
            one
            for one in self._kept.values()
            if bot_of(one.write.conversation) == bot_id and one.due <= now and not one.has_fired
        ]
        for one in due:
            one.has_fired = True
        return [one.write for one in sorted(due, key=lambda one: one.due)]

    def take(self, write: TimerWrite) -> bool:
        """Begin the turn of one that has fired; False: it was cancelled or moved meanwhile."""
        one = self._kept.get((write.conversation, write.name))
        if one is None or one.write is not write:
            return False
        del self._kept[write.conversation, write.name]
        return True


@dataclass(eq=False, slots=True)
class _Hand:
    """Who has a turn in hand."""

    turn: turns.Turn
    hands: "set[_Hand]"
    task: "asyncio.Task[Any] | None"

    def is_ours(self) -> bool:
        return True

    def wait(self, *, waits: bool) -> None:
        """Do nothing: there are no places."""

    def note(self) -> None:
        """Do nothing: no process dies here."""

    async def cancel_others(self) -> None:
        name = without_lane(self.turn.conversation)
        others = [
            one.task
            for one in self.hands
            if one is not self and one.task and without_lane(one.turn.conversation) == name
        ]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Rehearsal:
    """Plans the turns of updates, for `sandbox.testing`: the fixture `turns`.

    Args:
        dispatcher: the one under test, prepared here to give its handlers what they get.
        redis: the one in which it keeps its states.

    Raises ValueError for flags of handlers with which the service would not start.
    """

    def __init__(self, dispatcher: Dispatcher, redis: Redis) -> None:
        lanes_of(dispatcher)
        clockworks(dispatcher)
        self._dispatcher = dispatcher
        self._redis = redis
        self._moves = Moves()
        follow_moves(dispatcher, self._moves)
        self._book = _Book()
        self._feeder = Feeder(dispatcher, self._book, TIMEOUT, _never, self._now)
        self._ahead: defaultdict[int, timedelta] = defaultdict(timedelta)
        self._hands: set[_Hand] = set()
        self._fired = 0
        self._bots: dict[int, Bot] = {}
        self._observer = RehearsedObserver(redis, self._moves)
        self._moves.on_note = self._observer.moved
        chats = Chats(redis, SHARDS)
        self._broadcasts = RehearsedBroadcasts(redis, chats)
        if isinstance(fleet := dispatcher.workflow_data.get("fleet"), Fleet):
            fleet.chats, fleet.broadcasts = chats, self._broadcasts

    def _now(self, bot_id: int) -> datetime:
        return datetime.now(UTC) + self._ahead[bot_id]

    async def plan(
        self, bot: Bot, updates: list[dict[str, Any]], data: Mapping[str, Any]
    ) -> list[Planned]:
        """Tell which turns to take for what has come for a bot.

        Args:
            bot: the one that it is for.
            updates: as JSON.
            data: what its handlers get besides.
        """
        self._bots[bot.id] = bot
        lanes, order = lanes_of(self._dispatcher), order_of(self._dispatcher)
        planned: list[Planned] = []
        albums: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for update in updates:
            if clock := update.get("clock"):
                seconds = timedelta(seconds=clock["advanced_by"])
                planned += await self._advance(bot, seconds, data)
                continue
            self._observer.update(bot.id, update)
            if move := move_of(bot.id, update):
                self._moves.note(move)
                self._book.follow(self._moves)
            mailbox = self._moves.now(mailbox_of(bot.id, update, order, lanes))
            album = album_of(update)
            parts = albums.setdefault((mailbox, album), []) if album else []
            parts.append(update)
            if len(parts) == 1:
                take = partial(self._take, bot, mailbox, update["update_id"], parts, data)
                planned.append(Planned(mailbox, update, take))
        await self._observer.write()
        return planned

    async def _advance(self, bot: Bot, by: timedelta, data: Mapping[str, Any]) -> list[Planned]:
        """Let time pass for a bot."""
        for clockwork in await clockworks_for(self._dispatcher, **{**data, "bot": bot}):
            kept = await self._book.of(clockwork.conversation(bot.id))
            if not clockwork.ordered_by(kept.get(clockwork.name)):
                await self._book.write(clockwork.order(bot.id, now=self._now(bot.id)))
        self._ahead[bot.id] += by
        planned = []
        for write in self._book.fire(bot.id, self._now(bot.id)):
            self._fired += 1
            update = {"update_id": -self._fired, **orjson.loads(write.json)}
            take = partial(self._take_fired, bot, write, update, data)
            planned.append(Planned(write.conversation, update, take))
        return planned

    async def _take_fired(
        self, bot: Bot, write: TimerWrite, update: dict[str, Any], data: Mapping[str, Any]
    ) -> Any:
        if not self._book.take(write):
            return None
        return await self._take(bot, write.conversation, update["update_id"], [update], data)

    async def _take(
        self,
        bot: Bot,
        conversation: str,
        update_id: int,
        parts: list[dict[str, Any]],
        data: Mapping[str, Any],
    ) -> Any:
        turn = turns.Turn(conversation, 0, update_id, b"")
        overlay = Overlay(self._redis)
        hand = _Hand(turn, self._hands, asyncio.current_task())
        running = RunningTurn(Member(bot, data.get("role")), turn, overlay, hand)
        self._hands.add(hand)
        overlay.open()
        calls, following = bot.session.middleware, Following(self._moves)
        calls.register(following)
        try:
            return await self._feeder.feed(running, parts if len(parts) > 1 else parts[0], data)
        finally:
            calls.unregister(following)
            self._hands.discard(hand)
            running.end()
            await self._commit(overlay)
            await self._broadcasts.settle(self._bots)

    async def _commit(self, overlay: Overlay) -> None:
        for write in overlay.seal():
            if write.value is None:
                await self._redis.delete(write.key)
            else:
                await self._redis.set(write.key, write.value, px=write.ttl_ms)
        for timer in overlay.ordered:
            await self._book.write(timer)
        overlay.close()


async def _never(_: RunningTurn, __: Exception) -> TurnBack | None:
    """Begin no turn again."""
    return None
