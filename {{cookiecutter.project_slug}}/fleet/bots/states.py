"""How the bots are, told by the replicas that hold them to all others.

Key: `states`, after REDIS_PREFIX: a hash, bot → JSON object of `BotStatus`, without what is null; a
field goes with its bot. It may have more fields and other states than this version knows: see
`fleet.redis.reading`.
"""

import functools
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import orjson
from redis.asyncio import Redis

from fleet.bots.member import BotState, Member
from fleet.redis.hashes import PAGE, pairs_of
from fleet.redis.keys import PREFIX
from fleet.redis.reading import read_fields

RETELL = 30.0
"""Seconds after which all is told again, in case that somebody else has changed it."""
REMEMBERED = 1 << 14
"""Values whose meaning is remembered, more than a fleet has bots: most are read again and again."""
UNREADABLE = "what the replica that holds it told of it cannot be read"

_STATES = {state.value: state for state in BotState}


class BotStatus(NamedTuple):
    """How a bot is, as the replica that holds it said last."""

    state: BotState | str
    """One that this version does not know is as a newer one told it."""
    error: str | None
    username: str | None
    by: str | None = None
    """The replica that said so."""

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

    def __init__(
        self, redis: Redis, replica: str, *, retell: float = RETELL, prefix: str = PREFIX
    ) -> None:
        self._redis = redis
        self._replica = replica
        self._key = prefix + "states"
        self._told: dict[int, BotStatus] = {}
        self._retell = retell
        self._retell_at = 0.0

    async def tell(self, statuses: Mapping[int, BotStatus]) -> None:
        """Write those that changed since this replica told them last, from time to time all."""
        now = time.monotonic()
        if now >= self._retell_at:
            self._told, self._retell_at = {}, now + self._retell
        changed = [bot for bot, new in statuses.items() if self._told.get(bot) != new]
        for at in range(0, len(changed), PAGE):
            page = changed[at : at + PAGE]
            fields = [part for bot in page for part in (bot, self._write(statuses[bot]))]
            await self._redis.execute_command("HSET", self._key, *fields)
        self._told = dict(statuses)

    def _write(self, status: BotStatus) -> bytes:
        fields = status._replace(by=self._replica)._asdict()
        return orjson.dumps({name: value for name, value in fields.items() if value})

    async def forget(self, bot_id: int) -> None:
        await self._redis.execute_command("HDEL", self._key, bot_id)

    async def read(self, bots: Sequence[int]) -> dict[int, BotStatus]:
        """Tell how these bots are; those of which nobody has told anything are left out."""
        told = pairs_of(self._redis, self._key, bots)
        return {bot: _read(value) async for bot, value in told if value}


@functools.lru_cache(REMEMBERED)
def _read(value: bytes) -> BotStatus:
    try:
        fields = read_fields(value)
    except ValueError:
        fields = {}
    state, *texts = map(fields.get, BotStatus._fields)
    if not (isinstance(state, str) and all(isinstance(text, str | None) for text in texts)):
        return BotStatus(BotState.STARTING, UNREADABLE, None)
    return BotStatus(_STATES.get(state, state), *texts)
