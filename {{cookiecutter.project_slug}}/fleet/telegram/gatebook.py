"""The gates that are shut, as all replicas know them.

One key: `gates`, a hash, `bot:kind:name` of a gate → Unix time in milliseconds, by Redis' clock, at
which it opens; empty when none is shut.
"""

import asyncio
import contextlib
from pathlib import Path

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.redis.keys import PREFIX, of_fleet
from fleet.tasks import is_cancelled
from fleet.telegram.gates import Gate, Gates

LOOK = 0.5
"""Seconds between two looks at what others have shut."""

log = structlog.get_logger(__name__)


class GateBook:
    """Tells other replicas of gates that were shut here, and hears of theirs.

    While Redis is away, each replica keeps to its own.

    Args:
        redis: the client.
        gates: those of this replica.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, gates: Gates, *, prefix: str = PREFIX) -> None:
        self._gates = gates
        self._key = of_fleet(redis, prefix) + "gates"
        self._script = redis.register_script(Path(__file__).with_suffix(".lua").read_text())

    async def run(self) -> None:
        """Go on until cancelled."""
        while not is_cancelled():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._gates.were_shut.wait()
            with contextlib.suppress(RedisError):  # the worker says so
                await self.exchange()

    async def exchange(self) -> None:
        """Tell and hear, once. Raises `redis.exceptions.RedisError`."""
        told = self._gates.take_news()
        arguments = [part for gate, left in told.items() for part in (name(gate), int(left * 1000))]
        try:
            reply = await self._script(keys=[self._key], args=arguments)
        except RedisError:
            self._gates.tell_again(told)
            raise
        gates = {
            gate_of(text.decode(errors="replace")): left / 1000
            for text, left in zip(*[iter(reply)] * 2, strict=True)
        }
        self._gates.hear({gate: left for gate, left in gates.items() if gate})


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
