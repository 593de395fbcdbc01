"""The HTTP port: how the service is, for people, probes and load balancers."""

import errno
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import orjson
from aiohttp import web

from fleet.ops.connections import Connections
from fleet.ops.files import OpenFiles
from fleet.tasks import beside

CONNECTIONS = web.AppKey("connections", Connections)
PROBE_TIMEOUT = 2.0
"""Seconds that Redis has to answer a probe, and again to tell of the bots."""


class Observed(Protocol):
    """What the health endpoints ask of the service."""

    @property
    def alive(self) -> bool:
        """Whether work goes on; a restart is the cure if not."""

    @property
    def accepting(self) -> bool:
        """Whether the replica is started and not draining."""

    @property
    def most_connections(self) -> int:
        """How many connections to Telegram it may have at once."""

    @property
    def redis_answers(self) -> bool:
        """Whether Redis answers and takes writes."""

    async def describe(self, *, alone: bool) -> Mapping[str, Any]:
        """Replica, mode and bots; `alone`: without asking Redis, which is away."""


def create_app(service: Observed) -> web.Application:
    """Build the application with `/health`, `/health/live` and `/health/ready`."""

    async def live(_: web.Request) -> web.Response:
        return _json({"alive": service.alive}, ok=service.alive)

    async def ready(_: web.Request) -> web.Response:
        redis = service.redis_answers
        ok = redis and service.accepting
        return _json({"ready": ok, "redis": redis, "accepting": service.accepting}, ok=ok)

    async def health(_: web.Request) -> web.Response:
        redis = service.redis_answers
        ok = redis and service.accepting
        body = {
            "ready": ok,
            "redis": "up" if redis else "down",
            **await service.describe(alone=not redis),
        }
        body["warnings"] = [*body["warnings"], *files.warnings()]
        return _json(body, ok=ok)

    connections = Connections()
    app = web.Application(middlewares=[connections.create_middleware()])
    app[CONNECTIONS] = connections
    files = OpenFiles(lambda: service.most_connections)

    async def watch_files(_: web.Application) -> AsyncIterator[None]:
        async with beside(files.watch()):
            yield

    app.cleanup_ctx.append(watch_files)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/health", health)
    return app


async def listen(runner: web.AppRunner, host: str, port: int) -> None:
    """Start answering there; at `::` for IPv4, too. Raises OSError."""
    if connections := runner.app.get(CONNECTIONS):
        connections.watch(runner)
    if host != "::":
        try:
            await web.TCPSite(runner, host, port).start()
        except socket.gaierror as error:
            raise OSError(error.errno, f"{host}: {error.strerror}") from error
        return
    if not socket.has_dualstack_ipv6():
        raise OSError(errno.EAFNOSUPPORT, "this machine has no IPv6: write 0.0.0.0, not ::")
    # asyncio would make a socket for IPv6 alone.
    server = socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)
    await web.SockSite(runner, server).start()


def _json(body: Mapping[str, Any], *, ok: bool) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=200 if ok else 503, content_type="application/json"
    )
