"""The bots that were added at run time and the bots that are paused, in Redis.

Keys, all beginning with REDIS_PREFIX:

| key | type | what it holds | expires |
|---|---|---|---|
| `registry` | hash | bot → JSON: encrypted token, role | – |
| `paused` | set | bots that rest, wherever their tokens are | – |
| `version` | integer | grows with every change; replicas look at it every second | – |
"""

from dataclasses import dataclass
from operator import itemgetter

import orjson
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.redis.keys import PREFIX
from fleet.vault import Vault, WrongKeyError

BROKEN = "what is stored of it cannot be read: add it again, or remove it"
NO_KEY = "SECRET_KEY is not set; set it to store tokens in Redis"


class NoSecretKeyError(Exception):
    """A token cannot be stored: there is no SECRET_KEY to encrypt it with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A bot that was added at run time."""

    token: SecretStr | None
    """None if it cannot be read."""
    role: str | None
    error: str | None = None
    """Why the token cannot be read."""


class Registry:
    """Reads and changes the registry.

    Every method raises `redis.exceptions.RedisError` while Redis is away. A change takes effect on
    all replicas within two seconds.
    """

    def __init__(self, redis: Redis, vault: Vault | None, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._vault = vault
        self._registry = prefix + "registry"
        self._paused = prefix + "paused"
        self._version = prefix + "version"

    async def version(self) -> int:
        """Tell the number of changes so far."""
        return int(await self._redis.execute_command("GET", self._version) or 0)

    async def entries(self) -> dict[int, Entry]:
        """Read the bots that were added, by id."""
        stored = await self._redis.execute_command("HGETALL", self._registry)
        return {int(bot): self._read(value) for bot, value in stored.items()}

    async def paused(self) -> set[int]:
        """Read which bots rest."""
        return {int(bot) for bot in await self._redis.execute_command("SMEMBERS", self._paused)}

    async def add(self, bot_id: int, token: SecretStr, role: str | None) -> None:
        """Add a bot, or give one another token or role. Raises `NoSecretKeyError`."""
        if self._vault is None:
            raise NoSecretKeyError(NO_KEY)
        stored = self._vault.encrypt(token.get_secret_value())
        await self._change(
            "HSET", self._registry, bot_id, orjson.dumps({"token": stored, "role": role})
        )

    async def remove(self, bot_id: int) -> bool:
        """Remove a bot. Returns whether it was there."""
        return await self._change("HDEL", self._registry, bot_id)

    async def pause(self, bot_id: int) -> bool:
        """Let a bot rest. Returns whether that is new."""
        return await self._change("SADD", self._paused, bot_id)

    async def resume(self, bot_id: int) -> bool:
        """Let a bot work again. Returns whether it rested."""
        return await self._change("SREM", self._paused, bot_id)

    async def _change(self, *command: str | bytes | int) -> bool:
        async with self._redis.pipeline() as change:
            change.execute_command(*command)
            change.incr(self._version)
            changed, _ = await change.execute()
        return bool(changed)

    def _read(self, value: bytes) -> Entry:
        try:
            stored, role = itemgetter("token", "role")(orjson.loads(value))
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return Entry(None, None, BROKEN)
        if self._vault is None:
            return Entry(None, role, NO_KEY)
        try:
            return Entry(SecretStr(self._vault.decrypt(stored)), role)
        except WrongKeyError as error:
            return Entry(None, role, f"its stored token cannot be read: {error}")
