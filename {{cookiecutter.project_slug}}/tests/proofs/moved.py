"""A group that has become a supergroup: the states and the timers that were in it."""

from typing import Any

import orjson
from aiogram import Dispatcher
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from redis.asyncio import Redis

from fleet.inbox import Turn
from fleet.inbox.relocation import Relocation
from fleet.inbox.timers import TimerBook
from fleet.overlay import TimerWrite
from fleet.redis.keys import PREFIX
from fleet.storage import FleetStorage, follow_moves
from fleet.telegram.moves import Move, Moves
from fleet.turn.moving import Moving
from tests.proofs.replica import Replica

BOT, SHARDS = 1, 4
OLD, NEW = -5, -1007
MOVE = Move(BOT, OLD, NEW)
BEFORE, NOW = f"{BOT}:{OLD}:7", f"{BOT}:{NEW}:7"
FAR = 4102444800000
"""Milliseconds of Unix time: 2100."""


class States:
    """A user's states, in the group and in the supergroup."""

    def __init__(self, redis: Redis) -> None:
        self.moves = Moves()
        self.storage = FleetStorage(redis, state_ttl=1000)
        follow_moves(Dispatcher(storage=self.storage), self.moves)

    def of(self, chat: int, user: int = 7, destiny: str = "default") -> FSMContext:
        return FSMContext(self.storage, StorageKey(BOT, chat, user, destiny=destiny))


def timer(name: str, due: int = FAR) -> TimerWrite:
    kept = {"name": name, "data": {"n": 1}, "due": due, "user": None}
    json = orjson.dumps({"timer": {**kept, "chat": {"id": OLD, "type": "group"}}})
    return TimerWrite(BEFORE, name, due, json)


async def kept(book: TimerBook, conversation: str) -> dict[str, int]:
    """Tell the names of a conversation's timers, and which chat their turns will be about."""
    found = await book.of(conversation)
    return {name: orjson.loads(json)["timer"]["chat"]["id"] for name, json in found.items()}


class Stage:
    """One replica that holds the shards, and a group that has moved."""

    def __init__(self, redis: Redis, shards: int = SHARDS) -> None:
        self.redis = redis
        self.book = TimerBook(redis, shards)
        self.relocation = Relocation(redis, shards)
        self.replica = Replica(redis, "a", shards)
        self.moves = Moves()
        self.moves.note(MOVE)
        self.replica.inbox.name_now = self.moves.now

    def moving(self) -> Moving:
        return Moving(self.redis, self.moves, SHARDS, prefix=PREFIX)

    async def prepare(self, conversation: str, **update: Any) -> bool:
        raw = update or {"message": {"chat": {"id": NEW}}}
        return await self.moving().prepare(Turn(conversation, 0, -1, orjson.dumps(raw)), raw)
