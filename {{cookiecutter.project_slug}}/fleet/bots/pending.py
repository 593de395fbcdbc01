"""DROP_PENDING_UPDATES: what came while no replica ran, at Telegram and in the inbox, is dropped.

Key, after REDIS_PREFIX: `dropping`, a set: the bots that have not done so yet. Such a bot takes
nothing and has no turns, on any replica, until the replica that holds it has dropped all; so what
comes after that cannot be meant. It is filled by a replica that starts while none lives, before its
first beat: no replica that works can have missed it.
"""

import time
from collections.abc import Collection
from pathlib import Path

import structlog
from redis.asyncio import Redis

from fleet.inbox import Inbox
from fleet.redis.keys import PREFIX
from fleet.redis.reading import bot_ids
from fleet.shards.beats import LONGEST_GAP
from fleet.shards.replicas import Replicas

KEY = "dropping"
WINDOW = 300
"""Seconds in which a bot must have reached Telegram; later it is not the start any more."""

log = structlog.get_logger(__name__)


class Pending:
    """Which bots still have to drop something. Empty unless it is `wanted`.

    Its methods raise `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(
        self,
        redis: Redis,
        inbox: Inbox,
        replicas: Replicas,
        *,
        wanted: bool,
        prefix: str = PREFIX,
    ) -> None:
        self._redis = redis
        self._inbox = inbox
        self._replicas = replicas
        self._wanted = wanted
        self._prefix = prefix
        self._key = prefix + KEY
        script = Path(__file__).parent / "scripts" / "begin.lua"
        self._begin = redis.register_script(script.read_text())
        self._bots: set[int] = set()
        self._seen: dict[bytes, bytes] = {}
        self._seen_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._bots)

    def __contains__(self, bot_id: int) -> bool:
        return bot_id in self._bots

    async def begin(self, bots: Collection[int]) -> bool:
        """Let these bots drop what waits, if no replica lives. Call it before the first beat.

        Returns:
            False if that cannot be told yet; call it again in a second. Replicas that have not said
            farewell may be silent because Redis was away: they are given time to beat.
        """
        if not self._wanted or await self._replicas.living():
            return True
        key, now = self._prefix + "replicas", time.monotonic()
        seen = await self._redis.execute_command("HGETALL", key)
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        if seen and now - self._seen_at < LONGEST_GAP:
            return False
        pairs = [part for pair in seen.items() for part in pair]
        arguments = [WINDOW, len(seen), *pairs, *bots]
        return bool(await self._begin(keys=[self._prefix], args=arguments))

    async def refresh(self) -> None:
        """Learn which bots have not dropped it yet: after the first beat, then while there are."""
        told = bot_ids(await self._redis.execute_command("SMEMBERS", self._key))
        # None comes back, not even if a failover has brought back what was in the set before.
        self._bots = self._bots & told if self._bots else told

    async def is_due(self, bot_id: int) -> bool:
        """Tell whether the bot still has to drop it: ask just before Telegram is told to."""
        if bot_id not in self._bots:
            return False
        if not await self._redis.execute_command("SISMEMBER", self._key, bot_id):
            self._bots.discard(bot_id)  # another replica has, or the time for it is over
        return bot_id in self._bots

    async def drop(self, bot_id: int) -> None:
        """Drop what waits in the inbox, once Telegram has dropped its own; the bot works then.

        If another replica has done so meanwhile, as when this one was paused, what waits there has
        come since, and stays.
        """
        dropped = await self._inbox.drop_waiting(bot_id, in_hand=True, while_in=self._key)
        await self._redis.execute_command("SREM", self._key, bot_id)
        self._bots.discard(bot_id)
        log.info("dropped what came before the start", in_the_inbox=dropped.updates)
