"""Broadcasts and the directory in the process of a test.

They are kept in Redis as always, but by single commands: the Redis of a test may know no scripts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.broadcast.audience import Audience
from fleet.broadcast.book import Broadcasts, BroadcastState
from fleet.broadcast.parts import Part, Result
from fleet.broadcast.sending import Sending
from fleet.directory.chats import Chats
from fleet.directory.observer import GONE, Observer
from fleet.redis.keys import PREFIX
from fleet.shards.holder import Held
from fleet.shards.shard import key_of_shard, shard_of
from fleet.telegram.moves import Moves
from fleet.telegram.outages import Outages

if TYPE_CHECKING:
    from aiogram import Bot

SHARDS = 64
_EPOCH = date(1970, 1, 1)


class RehearsedObserver(Observer):
    """Writes what updates tell of chats when it is told to."""

    def __init__(self, redis: Redis, moves: Moves) -> None:
        super().__init__(redis, SHARDS, moves)
        self._redis = redis

    async def write(self) -> None:
        """Do as `note.lua`, for what updates tell: they know the type and the day."""
        notes, self._notes = self._notes, {}
        for (bot_id, chat_id), note in notes.items():
            key = key_of_shard(PREFIX, shard_of(bot_id, chat_id, SHARDS), f"chats:{bot_id}")
            if note.reason == GONE:
                await self._redis.execute_command("HDEL", key, chat_id)
            else:
                await self._redis.execute_command("HSET", key, chat_id, "".join(note))


class RehearsedBroadcasts(Broadcasts):
    """Sends them when a turn is over, without a pace; flood control and pauses are waited for.

    Args:
        redis: the one of the test.
        chats: the directory there.
    """

    def __init__(self, redis: Redis, chats: Chats) -> None:
        super().__init__(redis, SHARDS)
        self._chats = chats
        self._outages = Outages(lambda bot: bot.get_me())
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sending: dict[str, Sending] = {}

    async def settle(self, bots: Mapping[int, Bot]) -> None:
        """Have those of these bots go on; return when each is over, or has to wait."""
        for broadcast, state in (await self.open()).items():
            record = await self.record(broadcast)
            task = self._tasks.get(broadcast)
            if state is BroadcastState.RUNNING and record and (task is None or task.done()):
                bot_id, message, _ = record
                if bot := bots.get(bot_id):
                    work = self._work(broadcast, bot, message)
                    self._tasks[broadcast] = asyncio.create_task(work)
        while any(map(self._moves, self._tasks)):  # noqa: ASYNC110 - they do not tell that they rest
            await asyncio.sleep(0)

    def _moves(self, broadcast: str) -> bool:
        sending = self._sending.get(broadcast)
        return not self._tasks[broadcast].done() and not (sending and sending.rests)

    async def pause(self, broadcast: str) -> bool:
        await self._stop(broadcast)
        return await super().pause(broadcast)

    async def cancel(self, broadcast: str) -> bool:
        await self._stop(broadcast)
        return await super().cancel(broadcast)

    async def _stop(self, broadcast: str) -> None:
        if task := self._tasks.get(broadcast):
            task.cancel()
            await asyncio.wait([task])

    async def _work(self, broadcast: str, bot: Bot, message: dict[str, Any]) -> None:
        for part in self._keys(broadcast):
            while chat := await self._redis.execute_command("LPOP", part + ":todo"):
                # It is alone: nobody else holds any shard.
                sending = Sending(Part(broadcast, Held(0, 0)), int(chat), lambda: True)
                self._sending[broadcast] = sending
                try:
                    await sending.run(Member(bot, None), message, self._outages)
                finally:
                    sending.cancelled()
                    result = sending.result
                    if result is None or result.outcome == "back":
                        await self._redis.execute_command("LPUSH", part + ":todo", chat)
                    else:
                        await self._note(part, result)
                if result is None or result.outcome == "back":
                    return
        await self.end(broadcast)

    async def _note(self, part: str, result: Result) -> None:
        await self._redis.execute_command("HINCRBY", part, result.outcome, 1)
        if result.reason:
            await self._redis.execute_command("HINCRBY", part, f"why:{result.reason}", 1)
        if result.outcome == "uncertain":
            await self._redis.execute_command("RPUSH", part + ":uncertain", result.chat)

    # What scripts do elsewhere

    async def _fill_from_directory(self, broadcast: str, bot_id: int, audience: Audience) -> int:
        chats = [
            chat.id
            async for chat in self._chats.all(bot_id)
            if chat.unreachable is None
            and chat.type in audience.types
            and (chat.last_update - _EPOCH).days >= audience.since
        ]
        if broadcast:
            await self._fill_from_list(broadcast, bot_id, chats)
        return len(chats)

    async def _fill_from_list(self, broadcast: str, bot_id: int, chats: Iterable[int]) -> None:
        await self._delete_parts(broadcast)
        for chat in dict.fromkeys(chats):
            part = self._keys(broadcast)[shard_of(bot_id, chat, SHARDS)]
            await self._redis.execute_command("RPUSH", part + ":todo", chat)
            await self._redis.execute_command("HINCRBY", part, "total", 1)

    async def _set_state(self, broadcast: str, *, open_as: str = "", ended_as: str = "") -> bool:
        if not await self._redis.execute_command("HDEL", self._open, broadcast):
            return False
        key = self._open if open_as else self._ended
        await self._redis.execute_command("HSET", key, broadcast, open_as or ended_as)
        return True
