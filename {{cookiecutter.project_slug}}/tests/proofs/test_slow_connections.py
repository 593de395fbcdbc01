"""Who opens connections to the HTTP port and is slow, or opens many, takes it from nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from fleet.ops import connections
from fleet.ops.connections import Connections
from tests.conftest import StartService
from tests.proofs.watch import APP, get
from tests.waiting import until

SLOW = 500


async def test_slow_heads_are_closed_and_health_answers_meanwhile(
    start_service: StartService,
) -> None:
    service = await start_service(APP, SECRET_KEY="k" * 40)
    host, port = service.url.removeprefix("http://").split(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(SLOW)]
    for number, (_, writer) in enumerate(opened):
        writer.write(b"POST /webhook/1 HT" if number % 2 else b"")

    async def closed() -> int:
        return sum(reader.at_eof() for reader, _ in opened)

    async def all_closed() -> bool:
        assert (await get(service, "/health/ready"))[0] == 200
        return await closed() == SLOW

    await until(all_closed, "the slow are closed", moving=closed)
    for _, writer in opened:
        writer.close()
    assert service.log.count("closed connections that only hold the HTTP port") <= 2


@pytest.fixture
async def server() -> AsyncIterator[tuple[web.AppRunner, str, asyncio.Event]]:
    """A server that is watched, its address, and what `/wait` waits for."""
    watched, let_go = Connections(), asyncio.Event()
    app = web.Application(middlewares=[watched.create_middleware()])

    async def wait(_: web.Request) -> web.Response:
        await let_go.wait()
        return web.Response(text="waited")

    app.router.add_get("/wait", wait)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    watched.watch(runner)
    yield runner, f"http://127.0.0.1:{runner.addresses[0][1]}", let_go
    await runner.cleanup()


async def test_of_too_many_those_are_closed_that_rest_longest(
    server: tuple[web.AppRunner, str, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 3)
    monkeypatch.setattr(connections, "INTERVAL", 0.1)
    _, url, let_go = server
    host, port = url.removeprefix("http://").split(":")
    waiting, *others = [await asyncio.open_connection(host, int(port)) for _ in range(6)]
    waiting[1].write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    for reader, writer in others:
        writer.write(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in await reader.readuntil(b"404: Not Found")

    async def closed() -> list[bool]:
        return [reader.at_eof() for reader, _ in others]

    async def few() -> bool:
        return sum(await closed()) >= 3

    await until(few, "as many as may be are left", moving=closed)
    assert await closed() == [True, True, True, False, False]
    let_go.set()
    assert b"waited" in await waiting[0].readuntil(b"waited")
    for _, writer in (waiting, *others):
        writer.close()


async def test_who_asks_again_is_not_slow(
    server: tuple[web.AppRunner, str, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIMEOUT", 0.2)
    monkeypatch.setattr(connections, "INTERVAL", 0.1)
    _, url, let_go = server
    let_go.set()
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(2):
        writer.write(request)
        assert b"waited" in await reader.readuntil(b"waited")
        await asyncio.sleep(0.5)  # longer than a first head may take
    writer.close()
