"""The replicas and what they hold, for who is none of them."""

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX, of_fleet
from fleet.shards.beats import DEAD_AFTER
from fleet.shards.scripts import ask_each
from fleet.shards.shard import key_of_shard, shard_of_bot


class OtherShardsError(Exception):
    """This deployment began with another number of shards."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"SHARDS: write {number}, with which this deployment began; "
            "or set another REDIS_PREFIX, for a new and empty one"
        )


class Replicas:
    """Every method raises `redis.exceptions.RedisError` while Redis is away."""

    def __init__(self, redis: Redis, shards: int, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._shards = shards
        self._prefix = prefix
        self._whole = of_fleet(redis, prefix)

    async def agree(self) -> None:
        """Fix the number of shards, if nobody has yet. Raises `OtherShardsError`."""
        key = self._whole + "shards"
        # Redis may be full, and refuse even a SET that would change nothing.
        if not (number := await self._redis.execute_command("GET", key)):
            await self._redis.execute_command("SET", key, self._shards, "NX")
            number = await self._redis.execute_command("GET", key)
        if int(number) != self._shards:
            raise OtherShardsError(int(number))

    async def living(self) -> set[str]:
        """Tell which replicas live, by Redis' clock."""
        seconds, _ = await self._redis.time()
        told = await self._redis.execute_command("HGETALL", self._whole + "replicas")
        return {
            name.decode()
            for name, value in told.items()
            if int(value.split()[0]) > seconds - DEAD_AFTER
        }

    async def holders(self) -> list[str]:
        """Tell which replica holds each shard; nothing where none does."""
        keys = [key_of_shard(self._prefix, shard, "shard") for shard in range(self._shards)]
        holders = await ask_each(self._redis, keys, "HGET", "holder")
        return [(holder or b"").decode() for holder in holders]

    def of_bot(self, holders: list[str], bot_id: int) -> str | None:
        """Tell which of these runs a bot's intake."""
        return holders[shard_of_bot(bot_id, self._shards)] or None
