"""The gates that are shut, as all replicas know them.

One key: `gates`, a hash, `bot:kind:name` of a gate → Unix time in milliseconds, by Redis' clock, at
which it opens; empty when none is shut.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.redis.keys import PREFIX, of_fleet
from fleet.tasks import is_cancelled
from fleet.telegram.gate import Gate

if TYPE_CHECKING:
    from fleet.telegram.gates import Gates

LOOK = 0.5
"""Seconds between two looks at what others have shut."""

log = structlog.get_logger(__name__)


class GateBook:
    """What replicas tell each other of gates that they have shut.

    While Redis is away, each replica keeps to its own.

    Args:
        redis: the client.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, *, prefix: str = PREFIX) -> None:
        self._key = of_fleet(redis, prefix) + "gates"
        self._script = redis.register_script(Path(__file__).with_suffix(".lua").read_text())

    async def run(self, gates: Gates) -> None:
        """Keep those of this replica and those of others the same, until cancelled."""
        while not is_cancelled():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await gates.were_shut.wait()
            with contextlib.suppress(RedisError):  # the worker says so
                await self.exchange(gates)

    async def exchange(self, gates: Gates) -> None:
        """Tell and hear, once. Raises `redis.exceptions.RedisError`."""
        news = gates.take_news()
        try:
            gates.hear(await self.look(news))
        except RedisError:
            gates.tell_again(news)
            raise

    async def look(self, news: Mapping[Gate, float] = MappingProxyType({})) -> dict[Gate, float]:
        """Tell which are shut, and for how many seconds; `news` are those that were shut just now.

        Raises `redis.exceptions.RedisError`.
        """
        arguments = [part for gate, left in news.items() for part in (name(gate), int(left * 1000))]
        reply = await self._script(keys=[self._key], args=arguments)
        shut = {
            gate_of(text.decode(errors="replace")): left / 1000
            for text, left in zip(*[iter(reply)] * 2, strict=True)
        }
        return {gate: left for gate, left in shut.items() if gate}


def name(gate: Gate) -> str:
    """Name a gate as it stands in Redis."""
    if gate.chat is not None:
        return f"{gate.bot_id}:chat:{gate.chat}"
    return f"{gate.bot_id}:method:{gate.method}" if gate.method else f"{gate.bot_id}:bot:"


def gate_of(text: str) -> Gate | None:
    """Read such a name; None if it is damaged or of a newer kind."""
    bot, _, rest = text.partition(":")
    kind, _, what = rest.partition(":")
    if not bot.isdecimal() or kind not in ("chat", "method", "bot"):
        return None
    return Gate(int(bot), **({} if kind == "bot" else {kind: what}))
