"""FSM storage for many conversations at once."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, cast

from aiogram import Dispatcher
from aiogram.exceptions import DataNotDictLikeError
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import KeyBuilder, StateType, StorageKey
from aiogram.fsm.storage.redis import RedisStorage
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.typing import ExpiryT

from fleet.overlay import Overlay, StateWrite
from fleet.redis.cluster import is_cluster
from fleet.state_keys import StateKeys
from fleet.telegram.moves import Moves

Part = Literal["data", "state"]
GONE = -2
"""The answer of PTTL for a key that is not there."""


def follow_moves(dispatcher: Dispatcher, moves: Moves) -> None:
    """Have the states of groups that become supergroups go along."""
    if isinstance(dispatcher.fsm.storage, FleetStorage):
        dispatcher.fsm.storage.moves = moves


class FleetStorage(RedisStorage):
    """aiogram's `RedisStorage`, whose writes are part of the turn in which they are made.

    In a turn it reads through and writes to the turn's `Overlay`; elsewhere, as in a task that has
    outlived its turn, straight to Redis. Values and time-outs are those of `RedisStorage`; keys,
    too, but for `StateKeys` where it has `DefaultKeyBuilder`.

    A group that has become a supergroup has its states there: each is brought when it is asked for.

    What a turn reads before it waits for anything came along with its begin. All other reads of one
    event-loop tick are gathered into one MGET: a Redis command costs the client some 80 µs of CPU
    however much it carries.
    """

    def __init__(self, redis: Redis, key_builder: KeyBuilder | None = None, **options: Any) -> None:
        super().__init__(redis, key_builder or StateKeys(), **options)
        self.moves = Moves()
        """The groups that have become supergroups."""
        self._asked: list[tuple[str, asyncio.Future[bytes | None]]] = []
        self._reads: set[asyncio.Task[None]] = set()
        self._writing = 0
        self._written_at = 0.0

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        # aiogram's `default_state` is a State that says None; `RedisStorage` fails on it.
        name = state.state if isinstance(state, State) else state
        key, old = self._places(key)
        overlay = await self._open_overlay()
        if overlay is None:
            with self._straight():
                await super().set_state(key, name)
                await self._forget(old, "state")
        else:
            overlay.write(self._write(key, "state", name, self.state_ttl))
            if old:
                overlay.write(self._write(old, "state", None, None))

    async def get_state(self, key: StorageKey) -> str | None:
        value = await self._read(key, "state")
        return None if value is None else value.decode()

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        key, old = self._places(key)
        overlay = await self._open_overlay()
        if overlay is None:
            with self._straight():
                await super().set_data(key, data)
                await self._forget(old, "data")
            return
        if not isinstance(data, dict):
            raise DataNotDictLikeError(f"Data must be a dict, got {type(data).__name__}")
        # As text from the start: neither side sees what the other does to its dict later.
        text = self.json_dumps(data) if data else None
        overlay.write(self._write(key, "data", text, self.data_ttl))
        if old:
            overlay.write(self._write(old, "data", None, None))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        value = await self._read(key, "data")
        return {} if value is None else cast(dict[str, Any], self.json_loads(value))

    async def close(self) -> None:
        """Leave the client open: it belongs to the service, which closes it once, last."""

    async def _open_overlay(self) -> Overlay | None:
        overlay = Overlay.of_turn(self.redis)
        return overlay if overlay is not None and await overlay.takes_writes() else None

    def _write(
        self,
        key: StorageKey,
        part: Part,
        value: str | None,
        ttl: ExpiryT | None,
    ) -> StateWrite:
        name = self.key_builder.build(key, part)
        if value is None:
            return StateWrite(name, None, None, key.bot_id, key.chat_id)
        encoded = self.redis.get_encoder().encode(value)
        return StateWrite(name, encoded, _milliseconds(ttl), key.bot_id, key.chat_id)

    async def _read(self, key: StorageKey, part: Part) -> bytes | None:
        key, old = self._places(key)
        name = self.key_builder.build(key, part)
        former = self.key_builder.build(old, part) if old else None
        overlay = Overlay.of_turn(self.redis)
        if overlay is None:
            return await self._look(name, former)
        write = _written(overlay, name, former)
        if write is None:
            if former is None and name in overlay.at_begin and self._holds(overlay):
                return overlay.at_begin[name]
            value = await self._look(name, former)
            # Another task of the turn may have written meanwhile; so two `update_data` add up.
            write = _written(overlay, name, former)
            if write is None:
                return value
        return write.value

    @contextlib.contextmanager
    def _straight(self) -> Iterator[None]:
        """Entered for what is written outside of turns, as by tasks that outlive theirs."""
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
            self._written_at = time.monotonic()

    def _holds(self, overlay: Overlay) -> bool:
        """Tell whether nothing was written straight to Redis since the turn's begin was asked for.

        The next turn begins at once, and would miss what a task of the one before is writing.
        """
        return not self._writing and self._written_at < overlay.asked_at

    def _places(self, key: StorageKey) -> tuple[StorageKey, StorageKey | None]:
        """Tell where a state is now, and where it was while its supergroup was a group."""
        if not self.moves:
            return key, None
        if new := self.moves.new_id(key.bot_id, key.chat_id):
            key = _in_chat(key, new)
        old = self.moves.old_id(key.bot_id, key.chat_id)
        return key, _in_chat(key, old) if old else None

    async def _look(self, name: str, former: str | None) -> bytes | None:
        if former is None:
            return await self._ask(name)
        value, left = await asyncio.gather(self._ask(name), self._ask(former))
        if value is None and left is not None:
            await self._bring(former, name, left)
            return left
        return value

    async def _bring(self, former: str, name: str, value: bytes) -> None:
        """Rename a key: for good, whatever becomes of the turn, as it changes no state."""
        if not is_cluster(self.redis):
            with contextlib.suppress(ResponseError):  # another task has just done it
                await self.redis.renamenx(former, name)
        elif (left := await self.redis.pttl(former)) != GONE:
            # Who dies in between leaves both: the new one counts, and each write deletes the old.
            await self.redis.set(name, value, nx=True, px=left if left > 0 else None)
            await self.redis.delete(former)

    async def _forget(self, old: StorageKey | None, part: Part) -> None:
        if old:
            await self.redis.delete(self.key_builder.build(old, part))

    def _ask(self, name: str) -> asyncio.Future[bytes | None]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes | None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._start_reading)
        self._asked.append((name, answer))
        return answer

    def _start_reading(self) -> None:
        asked, self._asked = self._asked, []
        task = asyncio.create_task(self._answer(asked))
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)

    async def _answer(self, asked: list[tuple[str, asyncio.Future[bytes | None]]]) -> None:
        try:
            values = await self.redis.mget([name for name, _ in asked])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who asked
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), value in zip(asked, values, strict=True):
            if not answer.done():
                answer.set_result(value)


def _written(overlay: Overlay, name: str, former: str | None) -> StateWrite | None:
    write = overlay.written(name)
    if write is None and former:
        return overlay.written(former)  # before the turn heard of the move, by a call of its own
    return write


def _in_chat(key: StorageKey, chat: int) -> StorageKey:
    # Where all of a chat share a state, its user is the chat.
    user = chat if key.user_id == key.chat_id else key.user_id
    return replace(key, chat_id=chat, user_id=user)


def _milliseconds(ttl: ExpiryT | None) -> int | None:
    """Give a time-out as Redis gets it from `RedisStorage`: in whole seconds.

    Raises ValueError for one that Redis would refuse: refused at the turn's end, it would take
    along what else is written then.
    """
    if ttl is None:
        return None
    seconds = int(ttl.total_seconds()) if isinstance(ttl, timedelta) else ttl
    if seconds < 1:
        raise ValueError(f"state_ttl and data_ttl must be a second or more, not {ttl!r}")
    return seconds * 1000
