"""redis-py's connections, as a service that outlives its Redis wants them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError, ResponseError, TimeoutError  # noqa: A004 - redis' names

from fleet.redis.errors import is_read_only

_PACKER: Any = HiredisRespSerializer()

Lost = Callable[[], Awaitable[None]]
"""What to do when a connection leads to no primary any more."""
FindPrimary = Callable[[], Awaitable[tuple[str, int]]]
"""Asks the Sentinels."""


class _Watched(AbstractConnection):
    """A connection with one kind of error, that tells when others like it are of no use either."""

    def __init__(self, *, lost: Lost | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._lost = lost

    def pack_command(self, *args: Any) -> list[bytes]:
        """Pack a command in C, as redis-py's connections without asyncio do: a batch of updates has
        hundreds of arguments."""
        packed: list[bytes] = _PACKER.pack(*args)
        return packed

    async def send_packed_command(
        self,
        command: bytes | str | Iterable[bytes],
        check_health: bool = True,  # noqa: FBT001, FBT002 - redis-py's signature
    ) -> None:
        """Send. Raises ConnectionError, too, if the other side has hung up.

        asyncio takes what is written then and reports it later; uvloop raises RuntimeError, which
        nobody expects of Redis. So does who accepts connections for a Redis that is away, such as
        a load balancer, and a Redis that has no room for one more. Where another task has closed
        it just before, redis-py has nothing to write to, and raises AttributeError.
        """
        try:
            await super().send_packed_command(command, check_health)
        except (RuntimeError, AttributeError) as error:
            raise ConnectionError(f"the connection is closed: {error}") from error

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read. Where a primary has become a replica, or is silent, the others are dropped, too.

        Else each of them would have to fail before the new primary is found.
        """
        try:
            return await super().read_response(*args, **options)
        except (ResponseError, TimeoutError) as error:
            if self._lost and (isinstance(error, TimeoutError) or is_read_only(error)):
                await self._lost()
            raise


class TcpConnection(_Watched, Connection):
    """To a host, or to the one that the Sentinels name whenever it connects."""

    def __init__(self, *, find_primary: FindPrimary | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._find_primary = find_primary

    async def connect_check_health(self, *args: Any, **options: Any) -> None:
        """Connect, which is how all ways to connect end in redis-py."""
        if self._find_primary and not self.is_connected:
            self.host, self.port = await self._find_primary()
        await super().connect_check_health(*args, **options)


class TlsConnection(TcpConnection, SSLConnection):
    pass


class UnixConnection(_Watched, UnixDomainSocketConnection):
    pass


CONNECTIONS: Mapping[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: TcpConnection,
    SSLConnection: TlsConnection,
    UnixDomainSocketConnection: UnixConnection,
}
"""Ours, by redis-py's."""
