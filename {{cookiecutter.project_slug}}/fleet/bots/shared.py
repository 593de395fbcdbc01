"""What the replicas and the command line share through Redis."""

from dataclasses import dataclass
from typing import Self

from redis.asyncio import Redis

from fleet.bots.desired import DesiredFleet
from fleet.bots.leases import Leases
from fleet.bots.peers import Peers
from fleet.bots.registry import Registry
from fleet.bots.states import States
from fleet.inbox import Inbox
from fleet.inbox.sealing import Sealing
from fleet.redis.keys import of_fleet
from fleet.settings import Settings
from fleet.vault import Vault


@dataclass(frozen=True, slots=True)
class Shared:
    """One process' access to all of it. Opening it changes nothing in Redis."""

    prefix: str
    """How the names of the keys of it all begin."""
    vault: Vault | None
    """None without a SECRET_KEY."""
    inbox: Inbox
    registry: Registry
    desired: DesiredFleet
    leases: Leases
    states: States
    peers: Peers

    @classmethod
    def open(cls, redis: Redis, settings: Settings) -> Self:
        """Build the parts. `redis` stays the caller's, who closes it."""
        prefix = of_fleet(redis, settings.redis_prefix)
        vault = Vault(settings.secret_key.get_secret_value()) if settings.secret_key else None
        inbox = Inbox(
            redis,
            limit=settings.inbox_limit,
            limit_per_bot=settings.inbox_limit_per_bot,
            max_attempts=settings.max_attempts,
            prefix=prefix,
            wait_replicas=settings.redis_wait_replicas,
            sealing=Sealing(vault.seal, vault.unseal) if vault else None,
        )
        registry = Registry(redis, vault, prefix=prefix)
        return cls(
            prefix=prefix,
            vault=vault,
            inbox=inbox,
            registry=registry,
            desired=DesiredFleet(settings, registry),
            leases=Leases(redis, inbox.replica, prefix=prefix),
            states=States(redis, prefix=prefix),
            peers=Peers(redis, inbox, prefix=prefix),
        )
