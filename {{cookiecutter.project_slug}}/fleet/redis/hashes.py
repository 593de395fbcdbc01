"""Large hashes, such as those with a field for each bot, page by page."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from redis.asyncio import Redis

F = TypeVar("F", int, bytes)

PAGE = 500
"""Fields in one command: neither the event loop nor Redis must be held up for long."""


async def pairs_of(
    redis: Redis, key: str, fields: Sequence[F], page: int = PAGE
) -> AsyncIterator[tuple[F, bytes]]:
    """Give those of these fields that are there, with their values.

    Raises `redis.exceptions.RedisError` while Redis is away.
    """
    for at in range(0, len(fields), page):
        some = fields[at : at + page]
        values = await redis.execute_command("HMGET", key, *some)
        for field, value in zip(some, values, strict=True):
            if value is not None:
                yield field, value
