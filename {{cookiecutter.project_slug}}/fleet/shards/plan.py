"""Which replica should hold which shard. Each works it out alone, and all come to the same."""

import hashlib
from collections import Counter
from collections.abc import Collection


def plan(replicas: Collection[str], shards: int) -> dict[int, str]:
    """Deal the shards out evenly; nothing, if there are no replicas.

    Rendezvous hashing: a replica that comes or goes moves few shards but its own. No two shares
    differ by more than one.
    """
    if not replicas:
        return {}
    share, larger = divmod(shards, len(replicas))
    shares: Counter[str] = Counter()
    planned = {}
    for shard in range(shards):
        most = share + (sum(count > share for count in shares.values()) < larger)
        free = (replica for replica in replicas if shares[replica] < most)
        planned[shard] = max(free, key=lambda replica: _weight(replica, shard))
        shares[planned[shard]] += 1
    return planned


def _weight(replica: str, shard: int) -> bytes:
    return hashlib.blake2b(f"{replica}:{shard}".encode(), digest_size=8).digest()
