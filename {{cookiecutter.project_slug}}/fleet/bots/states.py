"""How the bots are, told by the replicas that hold them to all others.

Key: `states`, after REDIS_PREFIX: a hash, bot → JSON of `BotStatus`; a field goes with its bot.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import orjson
from redis.asyncio import Redis

from fleet.bots.member import BotState, Member
from fleet.redis.keys import PREFIX

RETELL = 30.0
"""Seconds after which all is told again, in case that somebody else has changed it."""


@dataclass(frozen=True, slots=True)
class BotStatus:
    """How a bot is, as the replica that holds it said last."""

    state: BotState
    error: str | None
    username: str | None

    @classmethod
    def of(cls, member: Member) -> Self:
        state, error = member.state, member.error
        if member.paused:
            state = BotState.PAUSED
        elif state is BotState.RUNNING and member.flood_wait():
            state, error = BotState.FLOOD_WAIT, "Telegram has told it to make no calls for now"
        return cls(state, error, member.username)


class States:
    """Every method raises `redis.exceptions.RedisError` while Redis is away."""

    def __init__(self, redis: Redis, *, retell: float = RETELL, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._key = prefix + "states"
        self._told: dict[int, BotStatus] = {}
        self._retell = retell
        self._retell_at = 0.0

    async def tell(self, statuses: Mapping[int, BotStatus]) -> None:
        """Write those that changed since this replica told them last, from time to time all."""
        now = time.monotonic()
        if now >= self._retell_at:
            self._told, self._retell_at = {}, now + self._retell
        changed = {bot: new for bot, new in statuses.items() if self._told.get(bot) != new}
        if changed:
            fields = [part for bot, new in changed.items() for part in (bot, orjson.dumps(new))]
            await self._redis.execute_command("HSET", self._key, *fields)
        self._told = dict(statuses)

    async def forget(self, bot_id: int) -> None:
        await self._redis.execute_command("HDEL", self._key, bot_id)

    async def read(self) -> dict[int, BotStatus]:
        """Tell how every bot is."""
        stored = await self._redis.execute_command("HGETALL", self._key)
        return {int(bot): _status(orjson.loads(value)) for bot, value in stored.items()}


def _status(fields: dict[str, object]) -> BotStatus:
    return BotStatus(**{**fields, "state": BotState(fields["state"])})  # type: ignore[arg-type]
