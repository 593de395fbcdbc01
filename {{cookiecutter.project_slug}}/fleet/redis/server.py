"""Whether the Redis that answers is one that the service can rely on."""

import re

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from fleet.redis.cluster import Cluster
from fleet.redis.errors import OLDEST, SentinelError, TooOldError

log = structlog.get_logger(__name__)


async def look_at_server(redis: Redis) -> str | None:
    """Tell what is risky about how Redis is set up, and what to do; None if all is well.

    Of a Cluster, every primary is looked at. Knows nothing where INFO is forbidden.

    Raises:
        RedisError: `TooOldError` if the scripts cannot run there, `SentinelError` if it is no
            server.
    """
    nodes = await redis.nodes() if isinstance(redis, Cluster) else [redis]
    risks = [await _look_at(node) for node in nodes]
    return next((risk for risk in risks if risk), None)


async def _look_at(redis: Redis) -> str | None:
    try:
        info = await redis.info()
    except NoPermissionError as error:
        log.debug("Redis does not say how it is set up", error=str(error))
        return None
    version = str(info.get("redis_version", ""))
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise TooOldError(version)
    if info.get("redis_mode") == "sentinel":
        raise SentinelError("it is a Sentinel")
    policy = info.get("maxmemory_policy", "noeviction")
    # Without a limit nothing is ever thrown away, whatever the policy.
    if policy == "noeviction" or not info.get("maxmemory"):
        return None
    return (
        "Redis may throw updates and states away when it is full: "
        f"its maxmemory-policy is {policy}; set it to noeviction"
    )
