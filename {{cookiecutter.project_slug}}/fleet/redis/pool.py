"""The one connection pool of the service: bounded, waiting, with time-outs and retries."""

from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, ConnectionError  # noqa: A004 - redis' name

from fleet.redis.connections import CONNECTIONS
from fleet.redis.url import parse_redis_url
from fleet.settings import Settings

MAX_CONNECTIONS = 64
"""More would not make Redis faster: it works on one command at a time."""
ANSWER_TIMEOUT = 5.0
"""Seconds that Redis may take to accept a connection or to answer."""
RETRIES = 3
"""How often a command is sent again at once, within a second or two, when the connection failed.

Beyond that the caller decides. After a time-out it decides at once: the tries to send, each with
its tries to connect, would take more than a minute, and no stop and no probe waits that long.
"""


class PasswordFile(CredentialProvider):
    """Reads the password from its file for every new connection, so that a rotated one is found."""

    def __init__(self, user: str | None, path: Path) -> None:
        self._user = user
        self._path = path

    def get_credentials(self) -> tuple[str, str] | tuple[str]:
        try:
            password = self._path.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            # Not there for a moment, as while it is replaced: no reason to end the service.
            raise AuthenticationError(f"REDIS_PASSWORD_FILE cannot be read: {error}") from error
        return (self._user, password) if self._user else (password,)

    async def get_credentials_async(self) -> tuple[str, str] | tuple[str]:
        # redis-py's own does the same, and warns at every new connection.
        return self.get_credentials()


def create_redis(settings: Settings) -> Redis:
    """Create the client that inbox, FSM storage and health share.

    A caller waits for a free connection rather than to open one more. Connection faults surface
    as `redis.exceptions.RedisError` once the retries are used up.
    """
    options = parse_redis_url(settings.redis_url.get_secret_value())
    if settings.redis_password_file is not None:
        user = options.pop("username", None)
        options.pop("password", None)
        options["credential_provider"] = PasswordFile(user, settings.redis_password_file)
    elif settings.redis_password is not None:
        options["password"] = settings.redis_password.get_secret_value()
    options["connection_class"] = CONNECTIONS[options.get("connection_class", Connection)]
    return Redis.from_pool(BlockingConnectionPool(**(_defaults() | options)))


def _defaults() -> dict[str, Any]:
    return {
        "max_connections": MAX_CONNECTIONS,
        "timeout": 2 * ANSWER_TIMEOUT,
        "socket_timeout": ANSWER_TIMEOUT,
        "socket_connect_timeout": ANSWER_TIMEOUT,
        "retry": Retry(
            ExponentialWithJitterBackoff(base=0.05, cap=0.5),
            RETRIES,
            supported_errors=(ConnectionError,),
        ),
    }
