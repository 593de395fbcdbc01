"""The bots that were added at run time and the bots that are paused, in Redis.

Keys, all beginning with REDIS_PREFIX:

| key | type | what it holds | expires |
|---|---|---|---|
| `registry` | hash | bot → JSON object: `token`, encrypted, and `role`, if it has one | – |
| `paused` | set | bots that rest, wherever their tokens are | – |
| `version` | integer | grows with every change; replicas look at it every second | – |

Entries may have more fields, of newer versions; they stay when this one changes an entry. See
`fleet.redis.reading`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from fleet.bots.tokens import parse_tokens
from fleet.redis.hashes import pairs_of
from fleet.redis.keys import PREFIX
from fleet.redis.reading import read_bot_id, read_fields
from fleet.vault import Vault, WrongKeyError

PAGE = 200
"""Bots that are read at a time: the event loop must not wait long for what is parsed of them."""
BROKEN = "what is stored of it cannot be read: add it again, or remove it"
NO_KEY = "SECRET_KEY is not set; set it to store tokens in Redis"

_SCRIPT = Path(__file__).parent / "scripts" / "change.lua"

log = structlog.get_logger(__name__)


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
        self._script = redis.register_script(_SCRIPT.read_text())
        self._known: dict[int, tuple[bytes, Entry]] = {}
        self._entries: dict[int, Entry] = {}
        self._strangers: set[bytes] = set()

    async def version(self) -> bytes:
        """Tell which change was the last: after another one it is another."""
        return bytes(await self._redis.execute_command("GET", self._version) or b"")

    async def entries(self) -> dict[int, Entry]:
        """Read the bots that were added, by id.

        Only what has changed is decrypted; if nothing has, it is the same dictionary again.
        """
        known: dict[int, tuple[bytes, Entry]] = {}
        async for bot_id, value in self._stored():
            old = self._known.get(bot_id)
            same = old is not None and old[0] == value
            known[bot_id] = self._known[bot_id] if same else (value, self._read(bot_id, value))
        if known != self._known:
            self._known = known
            self._entries = {bot_id: entry for bot_id, (_, entry) in known.items()}
        return self._entries

    async def paused(self) -> set[int]:
        """Read which bots rest."""
        fields = await self._redis.execute_command("SMEMBERS", self._paused)
        return {bot for field in fields if (bot := self._id(field)) is not None}

    async def add(self, bot_id: int, token: SecretStr, role: str | None) -> None:
        """Add a bot, or give one another token or role. Raises `NoSecretKeyError`."""
        if self._vault is None:
            raise NoSecretKeyError(NO_KEY)
        stored = await self._redis.execute_command("HGET", self._registry, bot_id)
        try:
            fields = read_fields(stored or b"{}")
        except ValueError:
            fields = {}
        fields |= {"token": self._vault.encrypt(token.get_secret_value()), "role": role}
        await self._change("HSET", self._registry, bot_id, orjson.dumps(fields))

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
        try:
            async with self._redis.pipeline() as change:
                change.execute_command(*command)
                change.execute_command("INCR", self._version)
                changed, _ = await change.execute()
        except OutOfMemoryError:
            # A script gets through whose first command frees memory: a bot can be paused then.
            changed = await self._script(keys=[self._registry, self._version], args=command)
        return bool(changed)

    async def _stored(self) -> AsyncIterator[tuple[int, bytes]]:
        # Not by HSCAN: its cursor means nothing to the server that takes over at a failover.
        fields = await self._redis.execute_command("HKEYS", self._registry)
        async for field, value in pairs_of(self._redis, self._registry, fields, PAGE):
            if (bot_id := self._id(field)) is not None:
                yield bot_id, value

    def _id(self, field: bytes) -> int | None:
        """Read whose entry it is; say once if it is no bot's."""
        try:
            return read_bot_id(field)
        except ValueError:
            if field not in self._strangers:
                self._strangers.add(field)
                log.warning("what is no bot's stands among the bots", field=repr(field))
            return None

    def _read(self, bot_id: int, value: bytes) -> Entry:
        try:
            fields = read_fields(value)
        except ValueError:
            return Entry(None, None, BROKEN)
        stored, role = fields.get("token"), fields.get("role")
        if not (isinstance(stored, str) and isinstance(role, str | None)):
            return Entry(None, None, BROKEN)
        if self._vault is None:
            return Entry(None, role, NO_KEY)
        try:
            [token] = parse_tokens(self._vault.decrypt(stored))
        except WrongKeyError as error:
            return Entry(None, role, f"its stored token cannot be read: {error}")
        except ValueError:
            return Entry(None, role, BROKEN)
        return Entry(token.token, role) if token.bot_id == bot_id else Entry(None, role, BROKEN)
