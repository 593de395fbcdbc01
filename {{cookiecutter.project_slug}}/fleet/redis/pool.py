"""The one client of the service: bounded, waiting, with time-outs and retries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, ConnectionError  # noqa: A004 - redis' name

from fleet.redis.cluster import Cluster
from fleet.redis.connections import CONNECTIONS
from fleet.redis.failover import SENTINEL_TIMEOUT, Pool, PrimaryFinder
from fleet.redis.url import Kind, RedisAddress, parse_redis_url
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
    as `redis.exceptions.RedisError` once the retries are used up. For a Redis Cluster it is a
    `Cluster`, with as many connections to each node.
    """
    address = parse_redis_url(settings.redis_url.get_secret_value())
    options = _defaults() | address.options
    if settings.redis_password_file is not None:
        user = options.pop("username", None)
        options.pop("password", None)
        options["credential_provider"] = PasswordFile(user, settings.redis_password_file)
    elif settings.redis_password is not None:
        options["password"] = settings.redis_password.get_secret_value()
    options["connection_class"] = CONNECTIONS[options.get("connection_class", Connection)]
    if address.kind is Kind.CLUSTER:

        def connect(place: tuple[str, int]) -> Redis:
            return Redis.from_pool(Pool(host=place[0], port=place[1], **options))

        return Cluster(address.hosts, connect)
    pool = Pool(**options)
    if address.master is not None:
        finder = PrimaryFinder(
            address.hosts, address.master, _for_sentinels(address, options), pool.drop
        )
        pool.connection_kwargs["find_primary"] = finder.find
    return Redis.from_pool(pool)


def _for_sentinels(address: RedisAddress, options: Mapping[str, Any]) -> dict[str, Any]:
    same = {name: value for name, value in options.items() if name.startswith("ssl_")}
    return {
        **same,
        **address.sentinel_login,
        "connection_class": options["connection_class"],
        "socket_timeout": SENTINEL_TIMEOUT,
        "socket_connect_timeout": SENTINEL_TIMEOUT,
    }


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
