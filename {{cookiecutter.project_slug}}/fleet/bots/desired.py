"""The desired fleet: what the settings and the registry say should run."""

import asyncio
from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from fleet.bots.registry import Entry, Registry
from fleet.bots.tokens import BotToken
from fleet.settings import Settings, SettingsError

REREAD = 30.0
"""Seconds after which the registry is read again although no change was announced."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DesiredBot:
    """One bot as it should be."""

    id: int
    token: SecretStr | None
    """None if it cannot be read: then `error` says why."""
    role: str | None
    paused: bool = False
    error: str | None = None


class DesiredFleet:
    """Reads the desired fleet from BOT_TOKENS, BOT_TOKENS_FILE and the registry.

    A bot in the registry and in the settings runs with the registry's token and role: what was
    said last, at run time, counts.
    """

    def __init__(self, settings: Settings, registry: Registry, *, reread: float = REREAD) -> None:
        self._settings = settings
        self._registry = registry
        self._tokens = settings.tokens()
        self._file_seen = self._look_at_file()
        self._version: bytes | None = None
        self._reread = reread
        self._reread_at = 0.0
        self._combined: tuple[list[BotToken], dict[int, Entry], set[int]] | None = None
        self._reading = asyncio.Lock()
        self._bots: dict[int, DesiredBot] = {}

    @property
    def in_settings(self) -> list[int]:
        """The bots of BOT_TOKENS and BOT_TOKENS_FILE, by id."""
        return [token.bot_id for token in self._tokens]

    async def read(self) -> dict[int, DesiredBot]:
        """Tell the desired fleet by bot id.

        Cheap when nothing changed: then it is the same dictionary again. Raises
        `redis.exceptions.RedisError`.
        """
        async with self._reading:  # who asks meanwhile gets what is being read
            version = await self._registry.version()
            now = asyncio.get_running_loop().time()
            if self._file_changed():
                self._version = None
            if version != self._version or now >= self._reread_at:
                self._combine(await self._registry.entries(), await self._registry.paused())
                self._version, self._reread_at = version, now + self._reread
            return self._bots

    def _combine(self, entries: dict[int, Entry], paused: set[int]) -> None:
        if (self._tokens, entries, paused) == self._combined:
            return
        bots = {
            token.bot_id: DesiredBot(token.bot_id, token.token, token.role, token.bot_id in paused)
            for token in self._tokens
        }
        for bot_id, entry in entries.items():
            bots[bot_id] = DesiredBot(
                bot_id, entry.token, entry.role, bot_id in paused, entry.error
            )
        self._bots, self._combined = bots, (self._tokens, entries, paused)

    def _file_changed(self) -> bool:
        """Read BOT_TOKENS_FILE again if it was written.

        A mistake in it leaves the fleet as it is.
        """
        seen = self._look_at_file()
        if seen == self._file_seen:
            return False
        self._file_seen = seen
        try:
            self._tokens = self._settings.tokens()
        except SettingsError as error:
            log.warning("the fleet stays as it is", error=str(error))
            return False
        log.info("BOT_TOKENS_FILE has changed", bots=len(self._tokens))
        return True

    def _look_at_file(self) -> tuple[int, int, int] | None:
        path = self._settings.bot_tokens_file
        if path is None:
            return None
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
