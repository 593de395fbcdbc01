"""FSM storage for many conversations at once."""

import asyncio
from typing import Any, cast

from aiogram.fsm.storage.base import StorageKey
from aiogram.fsm.storage.redis import RedisStorage


class FleetStorage(RedisStorage):
    """aiogram's `RedisStorage`, with the reads of one event-loop tick gathered into one MGET.

    Every update reads its state, and a Redis command costs the client some 80 µs of CPU however
    much it carries. Keys, values and time-outs are those of `RedisStorage`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked: list[tuple[str, asyncio.Future[bytes | None]]] = []
        self._reads: set[asyncio.Task[None]] = set()

    async def get_state(self, key: StorageKey) -> str | None:
        value = await self._read(self.key_builder.build(key, "state"))
        return None if value is None else value.decode()

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        value = await self._read(self.key_builder.build(key, "data"))
        return {} if value is None else cast(dict[str, Any], self.json_loads(value))

    async def close(self) -> None:
        """Leave the client open: it belongs to the service, which closes it once, last."""

    def _read(self, name: str) -> asyncio.Future[bytes | None]:
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
