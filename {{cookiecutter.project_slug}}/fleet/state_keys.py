"""How the keys of FSM states are named."""

from typing import Literal

from aiogram import Dispatcher
from aiogram.fsm.storage.base import DEFAULT_DESTINY, DefaultKeyBuilder, KeyBuilder, StorageKey
from aiogram.fsm.storage.redis import RedisEventIsolation, RedisStorage
from aiogram.fsm.strategy import FSMStrategy
from redis.asyncio import Redis

from fleet.inbox import Order
from fleet.redis.cluster import is_cluster
from fleet.redis.keys import PREFIX, tagged
from fleet.shards.shard import key_of_shard, shard_of


class StateKeys(KeyBuilder):
    """aiogram's keys, with all that tells two states apart.

    Bots that share a chat keep separate states, and so do a customer's chats with a bot and with
    each business account that it works for. Scenes and aiogram-dialog keep theirs under a destiny.
    """

    def __init__(self) -> None:
        self._plain = DefaultKeyBuilder(with_bot_id=True, with_business_connection_id=True)
        self._destined = DefaultKeyBuilder(
            with_bot_id=True, with_business_connection_id=True, with_destiny=True
        )

    def build(self, key: StorageKey, part: Literal["data", "state", "lock"] | None = None) -> str:
        # The default destiny stays out, or what was kept before there were others would be lost.
        keys = self._plain if key.destiny == DEFAULT_DESTINY else self._destined
        return keys.build(key, part)


class PrefixedKeys(KeyBuilder):
    """The keys of another builder behind REDIS_PREFIX.

    Args:
        prefix: REDIS_PREFIX.
        keys: the other builder.
        shards: on a Redis Cluster, how many there are; the states of one are then in one slot.
    """

    def __init__(self, prefix: str, keys: KeyBuilder, shards: int | None = None) -> None:
        self._prefix = prefix
        self._keys = keys
        self.shards = shards

    def build(self, key: StorageKey, part: Literal["data", "state", "lock"] | None = None) -> str:
        tag = ""
        if self.shards is not None:
            tag = tagged(shard_of(key.bot_id, key.chat_id, self.shards)) + ":"
        return self._prefix + tag + self._keys.build(key, part)


def order_of(dispatcher: Dispatcher) -> Order:
    """Tell who shares a conversation: those who share a state by the dispatcher's strategy."""
    match dispatcher.fsm.strategy:
        case FSMStrategy.CHAT | FSMStrategy.CHAT_TOPIC:
            return Order.CHAT
        case FSMStrategy.GLOBAL_USER:
            return Order.USER
        case _:
            return Order.USER_IN_CHAT


def keep_apart(dispatcher: Dispatcher, prefix: str, shards: int) -> None:
    """Put REDIS_PREFIX before the keys of all states, whichever way they are built.

    On one server and with the default prefix they stay as in aiogram, `fsm:…`: what was kept there
    is found again. On a Redis Cluster the shard follows, `fleet:{7}:fsm:…`.
    """
    for keeper in (dispatcher.fsm.storage, dispatcher.fsm.events_isolation):
        if not isinstance(keeper, RedisStorage | RedisEventIsolation):
            continue
        if is_cluster(keeper.redis):
            keeper.key_builder = PrefixedKeys(prefix, keeper.key_builder, shards)
        elif prefix != PREFIX:
            keeper.key_builder = PrefixedKeys(prefix, keeper.key_builder)


def begin_of_states(dispatcher: Dispatcher, redis: Redis, prefix: str) -> str:
    """Tell what stands before the name of a conversation in the keys of its state and its data.

    `*` stands for the beginning of the keys of its shard. '' if they are built in a way of their
    own, or not in this Redis: turns ask for their states, then.
    """
    storage = dispatcher.fsm.storage
    if not isinstance(storage, RedisStorage) or storage.redis is not redis:
        return ""
    keys = storage.key_builder
    key = StorageKey(bot_id=1, chat_id=2, user_id=3)
    try:
        name = keys.build(key, "state")
    except Exception:  # noqa: BLE001 - one of the user's own may know the user's bots only
        return ""
    begin, _, rest = name.partition("1:2:3")
    if rest != ":state":
        return ""
    if isinstance(keys, PrefixedKeys) and keys.shards:
        of_shard = key_of_shard(prefix, shard_of(key.bot_id, key.chat_id, keys.shards))
        return f"*{begin.removeprefix(of_shard)}"
    return begin
