"""The pace of chats that are in the hands of another replica: shared by all who write into them.

A chat's own turns keep its pace in memory, for they run in one replica; what others write there (a
log, a note to an admin) does not know of them, and they do not know of it. Together they may go
twice as fast; Telegram's own word, which all know, is last: see `fleet.telegram.gates`.
"""

from pathlib import Path

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX, of_fleet
from fleet.shards.holder import Holder
from fleet.shards.shard import shard_of
from fleet.telegram.pace import MINUTE, Rates, is_group


class RedisPace:
    """Keeps it in Redis: one round trip for each call.

    Args:
        redis: the client.
        rates: what is allowed.
        holder: the shards of this replica, and whether Redis answers.
        prefix: REDIS_PREFIX.
    """

    def __init__(
        self,
        redis: Redis,
        rates: Rates,
        holder: Holder,
        *,
        prefix: str = PREFIX,
    ) -> None:
        self._holder = holder
        self._rates = rates
        self._prefix = of_fleet(redis, prefix) + "pace:"
        self._script = redis.register_script(Path(__file__).with_suffix(".lua").read_text())

    def minds(self, bot_id: int, chat: str) -> bool:
        """Tell whether others may write into this chat, too, and can be asked about it."""
        if not self._holder.beats_now or not (self._rates.chat or is_group(chat)):
            return False
        if not chat.lstrip("-").isdecimal():
            return True
        return shard_of(bot_id, int(chat), self._holder.shards) not in self._holder.held

    async def take(self, bot_id: int, chat: str, count: int, spare: int) -> float:
        """Do as `fleet.telegram.pace.Pace.take`. Raises `redis.exceptions.RedisError`."""
        rates = self._rates
        step = 1000 // rates.chat if rates.chat else 0
        group = rates.group if is_group(chat) else 0
        arguments = [count, spare, step, rates.burst, group, int(MINUTE * 1000)]
        left = await self._script(keys=[f"{self._prefix}{bot_id}:{chat}"], args=arguments)
        return float(left) / 1000
