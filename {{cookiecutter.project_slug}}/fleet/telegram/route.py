"""The way to Telegram: straight or through a proxy, and which certificates to trust."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import certifi
from aiohttp import ClientSession
from aiohttp.hdrs import PROXY_AUTHORIZATION
from multidict import CIMultiDict
from yarl import URL

from fleet.telegram.connector import PatientConnector

if TYPE_CHECKING:
    from aiohttp import (
        ClientHandlerType,
        ClientMiddlewareType,
        ClientRequest,
        ClientResponse,
    )

    from fleet.settings import Settings

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
