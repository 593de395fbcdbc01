"""Whether all replicas that share keys serve the same bots, or two services have met in one Redis.

Key, after REDIS_PREFIX: `peers`, a hash, replica → JSON: a digest of the bots in its settings, and
whether it has found others for long. A field goes when its replica is gone and another one looks.
"""

import hashlib
import time
from collections.abc import Collection

import orjson
import structlog
from redis.asyncio import Redis

from fleet.redis.keys import PREFIX
from fleet.shards.replicas import Replicas

INTERVAL = 5.0
"""Seconds between two looks."""
PATIENCE = 180.0
"""Seconds for which replicas may differ: a rolling deploy, or a BOT_TOKENS_FILE that changes."""
STRANGERS = (
    "another service with other bots uses the same Redis keys: set REDIS_PREFIX, "
    "or give all replicas the same BOT_TOKENS"
)

log = structlog.get_logger(__name__)


class Peers:
    """One replica's look at the others.

    Its methods raise `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(
        self, redis: Redis, replica: str, replicas: Replicas, *, prefix: str = PREFIX
    ) -> None:
        self.strangers = False
        """Whether other replicas have had other bots in their settings for longer than PATIENCE."""
        self._redis = redis
        self._replica = replica
        self._replicas = replicas
        self._key = prefix + "peers"
        self._look_at = 0.0
        self._different_since: float | None = None

    async def compare(self, bots: Collection[int]) -> None:
        """Tell the others which bots the settings here name, and look at theirs from time to time.

        Says in the log, once, that they differ for long, and once that this is over.
        """
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + INTERVAL
        mine = hashlib.sha256(str(sorted(bots)).encode()).hexdigest()[:16]
        me, told = self._replica, await self._read()
        if all(other == mine for replica, (other, _) in told.items() if replica != me):
            self._different_since = None
        elif self._different_since is None:
            self._different_since = now
        since = self._different_since
        strangers = since is not None and now - since >= PATIENCE
        if strangers != self.strangers:
            self.strangers = strangers
            if strangers:
                log.error(STRANGERS)
            else:
                log.info("all replicas have the same bots again")
        if told.get(me) != (mine, strangers):
            field = orjson.dumps([mine, strangers])
            await self._redis.execute_command("HSET", self._key, me, field)

    async def have_met_strangers(self) -> bool:
        """Tell whether any replica that lives has."""
        return any(strangers for _, strangers in (await self._read()).values())

    async def _read(self) -> dict[str, tuple[str, bool]]:
        """Read what the replicas that live have told; forget the others."""
        stored = await self._redis.execute_command("HGETALL", self._key)
        told = {replica.decode(errors="replace"): _read(value) for replica, value in stored.items()}
        alive = await self._replicas.living() if told else set()
        if gone := told.keys() - alive:
            await self._redis.execute_command("HDEL", self._key, *gone)
        return {replica: said for replica in told.keys() & alive if (said := told[replica])}


def _read(value: bytes) -> tuple[str, bool] | None:
    """Read what a replica told, perhaps more than this version knows; None if that is damaged."""
    try:
        bots, strangers, *_ = orjson.loads(value)
    except (ValueError, TypeError):
        return None
    return str(bots), bool(strangers)
