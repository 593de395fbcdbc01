"""Connections to Telegram through a SOCKS proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError

from fleet.telegram.connector import PatientConnector, refused_by_proxy

if TYPE_CHECKING:
    import asyncio

    from aiohttp import ClientRequest
    from aiohttp.client_proto import ResponseHandler
    from yarl import URL

PORT = 1080
"""SOCKS' own: https://www.rfc-editor.org/rfc/rfc1928"""


class SocksConnector(PatientConnector, ProxyConnector):
    """Has the proxy look hosts up, too: where Telegram is blocked, its names often are."""

    @classmethod
    def to(cls, proxy: URL, **options: Any) -> Self:
        """Connect through `proxy`, `socks5://` with or without a login."""
        return cls(
            host=proxy.host or "",
            port=proxy.port or PORT,
            username=proxy.user,
            password=proxy.password,
            rdns=True,
            **options,
        )

    async def _wrap_create_connection(
        self, *args: Any, req: ClientRequest, **options: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        try:
            return await super()._wrap_create_connection(*args, req=req, **options)
        # The library's own are no ClientError, and those of TLS come as they are.
        except (ProxyConnectionError, ProxyError, OSError) as error:
            raise refused_by_proxy(req, str(error)) from error
