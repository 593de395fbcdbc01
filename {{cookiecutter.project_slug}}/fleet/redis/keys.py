"""How the names of keys begin: the one place that says it."""

from fleet.redis.cluster import is_cluster

PREFIX = "fleet:"
"""The default of REDIS_PREFIX."""


def of_fleet(redis: object, prefix: str) -> str:
    """Give how the names of the whole fleet's keys begin.

    On a Cluster they have a tag, and so one slot: scripts use several of them at once.
    """
    return tagged(prefix) if is_cluster(redis) else prefix


def tagged(text: object) -> str:
    """Make it the tag of a key: what a Cluster looks at to find the key's slot."""
    return "{" + str(text) + "}"
