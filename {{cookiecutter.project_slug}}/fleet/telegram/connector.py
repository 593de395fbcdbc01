"""Making a connection to Telegram, and what is said of one that cannot be made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    TCPConnector,
)

from fleet.telegram.retries import connection_is_new

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace

# Seconds to resolve, connect and shake hands, with the proxy, too.
CONNECT_TIMEOUT = 10.0


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
