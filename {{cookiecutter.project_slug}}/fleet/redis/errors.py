"""What it means when Redis fails: the one place that says it, to people and to the service."""

import re
import ssl
from enum import StrEnum

from redis import exceptions
from structlog.typing import FilteringBoundLogger

OLDEST = (6, 2)
"""The oldest Redis that has what the scripts use."""


class Trouble(StrEnum):
    """What is wrong with Redis, said of it. What is not refused works when Redis has recovered."""

    AWAY = "is away"
    LOGIN = "refuses the login"
    TLS = "is not reached: TLS fails"
    FULL = "has reached its memory limit"
    NO_WRITES = "takes no writes"
    OLD = "is too old"
    REFUSED = "refuses what it is asked"


class TooOldError(exceptions.RedisError):
    """It is older than `OLDEST`. The text is its version."""


class NotReplicatedError(exceptions.RedisError):
    """Too few replicas have confirmed a write. The text says how many have."""


class SentinelError(exceptions.RedisError):
    """It is a Sentinel, where a server is wanted."""


_NEEDED = f"Redis {OLDEST[0]}.{OLDEST[1]} or later is needed"
_CODES = {
    "OOM": Trouble.FULL,
    "READONLY": Trouble.NO_WRITES,
    "MISCONF": Trouble.NO_WRITES,
    "NOREPLICAS": Trouble.NO_WRITES,
    "BUSY": Trouble.AWAY,
    "CLUSTERDOWN": Trouble.AWAY,
    "MASTERDOWN": Trouble.AWAY,
    "TRYAGAIN": Trouble.AWAY,
    "UNBLOCKED": Trouble.AWAY,
}
"""Answers that say how Redis is. What fails in a script has its code behind a minus."""

_HINTS = {
    Trouble.AWAY: "see REDIS_URL",
    Trouble.LOGIN: "see REDIS_PASSWORD",
    Trouble.TLS: "see the options ssl_… of REDIS_URL",
    Trouble.FULL: "raise its maxmemory",
    Trouble.NO_WRITES: "REDIS_URL must name a primary that can save",
    Trouble.OLD: _NEEDED,
}
_REFUSALS = {
    r"NOPERM": "allow its user all commands on the keys of REDIS_PREFIX and on fsm:*",
    r"WRONGTYPE": "another program uses the same keys: set REDIS_PREFIX",
    r"(?i)unknown command.*SENTINEL": "redis+sentinel:// must name Sentinels, not their servers",
    r"it is a Sentinel": "REDIS_URL must name Sentinels by redis+sentinel://",
    r"No such master": "see master in REDIS_URL: the Sentinels know no primary of that name",
    r"(?i)unknown (redis )?(sub)?command": _NEEDED,
    r"cluster support disabled": "REDIS_URL must name a server that is no Cluster by redis://",
    r"MOVED|CROSSSLOT": "REDIS_URL must name a Redis Cluster by redis+cluster://",
    r"DB index": "write a database that it has into REDIS_URL",
}


def trouble_of(error: exceptions.RedisError) -> Trouble:
    if isinstance(
        error,
        exceptions.AuthenticationError
        | exceptions.AuthenticationWrongNumberOfArgsError
        | exceptions.AuthorizationError,
    ):
        return Trouble.LOGIN
    if isinstance(error, TooOldError):
        return Trouble.OLD
    if isinstance(error, NotReplicatedError):
        return Trouble.NO_WRITES
    away = exceptions.ConnectionError | exceptions.TimeoutError | exceptions.ClusterError
    if isinstance(error, away):
        is_tls = isinstance(error.__context__, ssl.SSLError) or "[SSL" in str(error)
        return Trouble.TLS if is_tls else Trouble.AWAY
    if "unauthenticated" in str(error):  # what Redis says to a long command before the login
        return Trouble.LOGIN
    return next((_CODES[code] for code in _codes(error) if code in _CODES), Trouble.REFUSED)


def is_away(error: exceptions.RedisError) -> bool:
    """Tell whether Redis cannot work for now; else it refused what it was asked."""
    return trouble_of(error) is not Trouble.REFUSED


def is_read_only(error: exceptions.RedisError) -> bool:
    """Tell whether the server that answered is a replica, by now or from the start."""
    return "READONLY" in _codes(error)


def describe(error: exceptions.RedisError, who: str = "Redis") -> str:
    """Say what is wrong, what Redis said, and what to do."""
    trouble, text = trouble_of(error), _text(error)
    if isinstance(error, NotReplicatedError):
        hint: str | None = "start replicas, or lower REDIS_WAIT_REPLICAS"
    else:
        hint = _HINTS.get(trouble) or next(
            (hint for sign, hint in _REFUSALS.items() if re.search(sign, text)), None
        )
    return f"{who} {trouble} ({text.rstrip('.')})" + (f"; {hint}" if hint else "")


def _codes(error: exceptions.RedisError) -> list[str]:
    return re.findall(r"(?:^|-)([A-Z]+)\b", _text(error))


def _text(error: exceptions.RedisError) -> str:
    """Give Redis' words with their code, which redis-py takes away where it knows it."""
    code = error.status_code if error.status_code not in (None, "ERR") else None
    return f"{code} {error}" if code else str(error)


class Complaint:
    """Says in the log what waits for Redis, and why: once for each kind of trouble, and its end.

    Args:
        log: where.
        what: what waits, as `turns wait`.
        hushed: leave out what another complaint says, that Redis is away.
    """

    def __init__(self, log: FilteringBoundLogger, what: str, *, hushed: bool = False) -> None:
        self._log = log
        self._what = what
        self._hushed = hushed
        self._said: Trouble | None = None

    def about(self, error: exceptions.RedisError) -> None:
        trouble = trouble_of(error)
        if trouble is self._said or (self._hushed and is_away(error)):
            self._log.debug(self._what, error=str(error))
            return
        self._said = trouble
        say = self._log.error if trouble is Trouble.REFUSED else self._log.warning
        say(self._what, error=describe(error))

    def over(self) -> None:
        if self._said is not None:
            self._said = None
            self._log.info(f"over: {self._what}")
