"""redis-py's connections, with one kind of error where uvloop and asyncio have two."""

from collections.abc import Iterable, Mapping

from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError  # noqa: A004 - redis' name


class _Sender(AbstractConnection):
    async def send_packed_command(
        self,
        command: bytes | str | Iterable[bytes],
        check_health: bool = True,  # noqa: FBT001, FBT002 - redis-py's signature
    ) -> None:
        """Send. Raises ConnectionError, too, if the other side has hung up.

        asyncio takes what is written then and reports it later; uvloop raises RuntimeError, which
        nobody expects of Redis. So does who accepts connections for a Redis that is away, such as
        a load balancer, and a Redis that has no room for one more.
        """
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise ConnectionError(f"the connection is closed: {error}") from error


class _TcpConnection(_Sender, Connection):
    pass


class _TlsConnection(_Sender, SSLConnection):
    pass


class _UnixConnection(_Sender, UnixDomainSocketConnection):
    pass


CONNECTIONS: Mapping[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: _TcpConnection,
    SSLConnection: _TlsConnection,
    UnixDomainSocketConnection: _UnixConnection,
}
"""Ours, by redis-py's."""
