"""The way to Telegram: straight or through a proxy, and which certificates to trust."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import certifi
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientSession,
    TCPConnector,
)
from aiohttp.hdrs import PROXY_AUTHORIZATION
from multidict import CIMultiDict
from yarl import URL

from fleet.telegram.retries import connection_is_new

if TYPE_CHECKING:
    from aiohttp import (
        ClientHandlerType,
        ClientMiddlewareType,
        ClientRequest,
        ClientResponse,
        ClientTimeout,
    )
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace

    from fleet.settings import Settings

# Seconds to resolve, connect and shake hands, with the proxy, too.
CONNECT_TIMEOUT = 10.0
# Seconds that an unused connection is kept for the next call: a new one costs three round trips.
KEEP_ALIVE = 60.0
# Seconds that an address is remembered. A failed connect forgets it at once.
DNS_TTL = 300


@dataclass(frozen=True, slots=True)
class Route:
    """How connections to Telegram are made."""

    tls: ssl.SSLContext
    proxy: URL | None = field(repr=False)
    """With its login."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take the one that the settings name."""
        proxy = settings.telegram_proxy
        return cls(
            ssl.create_default_context(cafile=settings.ssl_cert_file or certifi.where()),
            URL(proxy.get_secret_value()) if proxy else None,
        )

    def open(self, limit: int, response_class: type[ClientResponse]) -> ClientSession:
        """Open a client session, in a running event loop.

        Args:
            limit: connections at once; 0 for any number.
            response_class: reads the answers.
        """
        options: dict[str, Any] = {
            "ssl": self.tls,
            "limit": limit,
            "ttl_dns_cache": DNS_TTL,
            "keepalive_timeout": KEEP_ALIVE,
        }
        proxy = self.proxy
        if proxy and proxy.scheme == "socks5":
            # Only here: who has no such proxy need not wait for the import.
            from fleet.telegram.socks import SocksConnector  # noqa: PLC0415

            connector = SocksConnector.to(proxy, **options)
            return ClientSession(connector=connector, response_class=response_class)
        return ClientSession(
            connector=PatientConnector(**options),
            response_class=response_class,
            proxy=proxy and proxy.with_user(None),
            middlewares=[_login(proxy)] if proxy and proxy.user else [],
        )


class PatientConnector(TCPConnector):
    """Gives up a host that does not answer, and tells when a call cannot have gone out.

    Whatever fails before there is a connection, such as a proxy's refusal, is raised as
    ClientConnectorError or as a time-out.
    """

    # The method that aiohttp documents for subclasses to override, in spite of its underscore.
    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,
    ) -> ResponseHandler:
        connection_is_new.set(True)
        try:
            # aiogram passes aiohttp a total alone: an unreachable host would take all of it.
            async with asyncio.timeout(CONNECT_TIMEOUT):
                return await super()._create_connection(req, traces, timeout)
        except (ClientConnectorError, TimeoutError):
            self.clear_dns_cache()
            raise
        except (ClientError, OSError) as error:
            reason = str(error)
            if isinstance(error, ClientHttpProxyError):
                reason = f"{error.status} {error.message}"
            raise refused_by_proxy(req, reason) from error


def refused_by_proxy(req: ClientRequest, reason: str) -> ClientProxyConnectionError:
    """Make the error for a proxy that was reached, but does not connect."""
    problem = OSError(None, f"the proxy does not connect: {reason or 'it hung up'}")
    return ClientProxyConnectionError(req.connection_key, problem)


def _login(proxy: URL) -> ClientMiddlewareType:
    """Log in at the proxy. aiohttp's argument for that would show the password in its errors."""
    login = base64.b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
    header = {PROXY_AUTHORIZATION: f"Basic {login}"}

    async def log_in(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if request.is_ssl():
            request.proxy_headers = CIMultiDict(header)  # with CONNECT, for the proxy alone
        else:
            request.headers.update(header)
        return await handler(request)

    return log_in
