"""Large hashes, such as those with a field for each bot, page by page."""

from collections.abc import Sequence

from redis.asyncio import Redis

PAGE = 500
"""Fields in one command: neither the event loop nor Redis must be held up for long."""


async def values_of(redis: Redis, key: str, fields: Sequence[int | bytes]) -> list[bytes | None]:
    """Give the values of these fields; None for one that is not there.

    Raises `redis.exceptions.RedisError` while Redis is away.
    """
    values: list[bytes | None] = []
    for at in range(0, len(fields), PAGE):
        values += await redis.execute_command("HMGET", key, *fields[at : at + PAGE])
    return values
