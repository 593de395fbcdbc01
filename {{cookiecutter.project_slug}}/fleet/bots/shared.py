"""What the replicas and the command line share through Redis."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from redis.asyncio import Redis

from fleet.bots.desired import DesiredFleet
from fleet.bots.peers import Peers
from fleet.bots.registry import Registry
from fleet.bots.states import States
from fleet.broadcast import Broadcasts
from fleet.directory import Chats
from fleet.inbox import Inbox, Order
from fleet.inbox.sealing import Sealing
from fleet.inbox.timers import TimerBook
from fleet.redis.keys import of_fleet
from fleet.settings import Settings
from fleet.shards.replicas import Replicas
from fleet.vault import Vault


@dataclass(frozen=True, slots=True)
class Shared:
    """One process' access to all of it. Opening it changes nothing in Redis."""

    prefix: str
    """How the names of the keys of it all begin."""
    vault: Vault | None
    """None without a SECRET_KEY."""
    replica: str
    """The name of this process, should it become one."""
    sealing: Sealing
    inbox: Inbox
    timers: TimerBook
    chats: Chats
    broadcasts: Broadcasts
    replicas: Replicas
    registry: Registry
    desired: DesiredFleet
    states: States
    peers: Peers

    @classmethod
    def open(
        cls,
        redis: Redis,
        settings: Settings,
        order: Order = Order.USER_IN_CHAT,
        lanes: Mapping[str, str] | None = None,
        states: str = "",
    ) -> Self:
        """Build the parts. `redis` stays the caller's, who closes it.

        `order` says who shares a conversation, `lanes` which commands do not wait for others,
        `states` where a conversation's state is: only who enters updates need know.
        """
        prefix, own = of_fleet(redis, settings.redis_prefix), settings.redis_prefix
        vault = Vault(settings.secret_key.get_secret_value()) if settings.secret_key else None
        replica, shards = secrets.token_hex(4), settings.shards
        sealing = Sealing(vault.seal, vault.unseal) if vault else Sealing()
        inbox = Inbox(
            redis,
            replica=replica,
            shards=shards,
            order=order,
            lanes=lanes,
            limit=settings.inbox_limit,
            limit_per_bot=settings.inbox_limit_per_bot,
            limit_per_user=settings.user_limit,
            prefix=own,
            wait_replicas=settings.redis_wait_replicas,
            sealing=sealing,
            states=states,
        )
        replicas = Replicas(redis, shards, prefix=own)
        registry = Registry(redis, vault, prefix=prefix)
        return cls(
            prefix=prefix,
            vault=vault,
            replica=replica,
            sealing=sealing,
            inbox=inbox,
            timers=TimerBook(redis, shards, prefix=own),
            chats=Chats(redis, shards, prefix=own),
            broadcasts=Broadcasts(redis, shards, prefix=own),
            replicas=replicas,
            registry=registry,
            desired=DesiredFleet(settings, registry),
            states=States(redis, replica, prefix=prefix),
            peers=Peers(redis, replica, replicas, prefix=prefix),
        )
