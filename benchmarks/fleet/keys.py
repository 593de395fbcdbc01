"""What all keys take in Redis."""

import redis

PAGE = 1000
"""Keys that are looked at at once."""
PLACE, EXPIRY = 16, 48
"""Bytes of a key that `MEMORY USAGE` does not count: its place in a hash table with room to grow,
and its time to live in another."""


def bytes_of_keys(client: redis.Redis) -> tuple[int, int]:
    """Tell the bytes of the keys that stay, and of those that have a time to live.

    `used_memory` would count connections, too, of which replicas have hundreds.
    """
    keys = list(client.scan_iter(count=PAGE))
    staying, passing = 0, 0
    for at in range(0, len(keys), PAGE):
        with client.pipeline(transaction=False) as look:
            for key in keys[at : at + PAGE]:
                look.memory_usage(key, samples=0)
                look.ttl(key)
            answers = look.execute()
        for size, seconds in zip(answers[::2], answers[1::2], strict=True):
            if size is None:  # it has gone meanwhile
                continue
            if seconds < 0:
                staying += size + PLACE
            else:
                passing += size + PLACE + EXPIRY
    return staying, passing
