"""Leases: the right of one replica to poll a bot, or to set its webhook.

A lease holds as long as its replica beats (`Inbox.beat`): a dead replica's leases are free the
moment its turns are taken over. Keys, all beginning with REDIS_PREFIX:

| key | type | what it holds | expires |
|---|---|---|---|
| `leases` | hash | bot → the replica that holds it | – |
| `takers` | set | replicas that take bots: running and not draining | with the replica |
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX
from fleet.redis.reading import by_bot

_SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True, slots=True)
class Share:
    """What one replica holds."""

    held: frozenset[int]
    surplus: frozenset[int]
    """Those of `held` that others wait for: stop them, then `Leases.give_back`."""


class Leases:
    """One replica's leases.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, replica: str, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._replica = replica
        self._prefix = prefix
        self._share = redis.register_script((_SCRIPTS / "share.lua").read_text())
        self._give = redis.register_script((_SCRIPTS / "give.lua").read_text())

    async def take_share(self, bots: Collection[int]) -> Share:
        """Take free bots up to an even share of `bots`; tell what this replica holds now."""
        surplus, *held = map(
            int, await self._share(keys=[self._prefix], args=[self._replica, *sorted(bots)])
        )
        return Share(frozenset(held), frozenset(held[len(held) - surplus :]))

    async def give_back(self, bots: Collection[int]) -> None:
        """Let others take these bots. Their intake must have ended here."""
        if bots:
            await self._give(keys=[self._prefix], args=[self._replica, *bots])

    async def retire(self) -> None:
        """Take no more bots, so that the shares of the others grow."""
        await self._redis.execute_command("SREM", self._prefix + "takers", self._replica)

    async def holders(self) -> dict[int, str]:
        """Tell which replica holds each bot."""
        leases = await self._redis.execute_command("HGETALL", self._prefix + "leases")
        return by_bot(leases, bytes.decode)
