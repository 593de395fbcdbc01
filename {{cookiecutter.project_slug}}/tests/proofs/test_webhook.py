"""Webhook mode: what comes in, what is refused, and what Telegram is told."""

import asyncio
import contextlib
import io
import signal
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import redis.asyncio

from fleet.inbox import Inbox
from fleet.intake.doorman import SECRET_HEADER
from fleet.intake.webhook import LARGEST_BODY
from fleet.vault import Vault
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process, free_port
from tests.proofs.mail import text
from tests.proofs.proxy import proxy
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import let_go, memory, until_started, until_unready
from tests.waiting import until

KEY = "k" * 40
ONE, OTHER = 2000001, 2000002
TOKENS = {ONE: f"{ONE}:{'a' * 35}", OTHER: f"{OTHER}:{'b' * 35}"}


@pytest.fixture
async def service(start_service: StartService, sandbox: SandboxClient) -> Process:
    for token in TOKENS.values():
        await sandbox.add(token)
    process = await start_service(**webhook_settings())
    await until_running(process)
    return process


def webhook_settings(port: int | None = None) -> dict[str, str]:
    port = port or free_port()
    return {
        "BOT_TOKENS": " ".join(TOKENS.values()),
        "SECRET_KEY": KEY,
        "HTTP_PORT": str(port),
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "DRAIN_TIMEOUT": "5",
    }


async def until_running(service: Process) -> None:
    async def running() -> bool:
        async with aiohttp.ClientSession() as http, http.get(f"{service.url}/health") as answer:
            health = await answer.json()
        assert health["mode"] == "webhook"
        return {bot["state"] for bot in health["bots"]} == {"running"}

    await until(running, "all bots run")


def secret(bot: int) -> dict[str, str]:
    return {SECRET_HEADER: Vault(KEY).webhook_secret(TOKENS[bot])}


async def test_two_bots_answer(service: Process, sandbox: SandboxClient) -> None:
    for bot in TOKENS:
        await sandbox.send(bot, "hello", user_id=71)
        assert (await sandbox.reply(bot, 71))["text"] == "hello"
    await until_running(service)


async def test_set_only_where_it_differs_and_never_removed(
    service: Process, sandbox: SandboxClient, start_service: StartService
) -> None:
    first = await sandbox.calls(ONE, "setWebhook")
    assert first[-1]["params"]["secret_token"] == secret(ONE)[SECRET_HEADER]
    assert "message" in first[-1]["params"]["allowed_updates"]
    assert await service.stop() == 0
    again = await start_service(**webhook_settings(int(service.url.rpartition(":")[2])))
    looked = len(await sandbox.calls(ONE, "getWebhookInfo"))

    await until_running(again)
    assert len(await sandbox.calls(ONE, "setWebhook")) == len(first)
    assert looked
    assert await sandbox.calls(ONE, "deleteWebhook") == []

    await again.stop()
    other_key = {**webhook_settings(), "SECRET_KEY": "n" * 40}
    await start_service(**other_key)
    await sandbox.calls(ONE, "setWebhook", at_least=len(first) + 1)


async def test_back_to_polling_removes_it_once(
    service: Process, sandbox: SandboxClient, start_service: StartService
) -> None:
    await service.stop()
    await sandbox.send(ONE, "meanwhile", user_id=72)
    await start_service(BOT_TOKENS=TOKENS[ONE])
    assert (await sandbox.reply(ONE, 72))["text"] == "meanwhile"
    assert len(await sandbox.calls(ONE, "deleteWebhook")) == 1


@pytest.mark.parametrize("strips", ["", "/tg/bots"])
async def test_a_proxy_in_front_may_keep_the_path_or_strip_it(
    start_service: StartService, sandbox: SandboxClient, strips: str
) -> None:
    await sandbox.add(TOKENS[ONE])
    public = free_port()
    url = f"http://127.0.0.1:{public}/tg/bots/"
    service = await start_service(**{**webhook_settings(), "WEBHOOK_URL": url})
    async with proxy(public, lambda: [service.url], strips=strips):
        await sandbox.send(ONE, "through the proxy", user_id=78)
        assert (await sandbox.reply(ONE, 78))["text"] == "through the proxy"


async def test_forged_requests_look_all_alike(service: Process, clean_redis: str) -> None:
    path = f"{service.url}/webhook/"
    body = orjson.dumps(text(1, "forged"))
    attempts: list[tuple[str, dict[str, str]]] = [
        (str(ONE), {}),
        (str(ONE), {SECRET_HEADER: "wrong"}),
        (str(ONE), {SECRET_HEADER: "wr\xf6ng"}),
        (str(ONE), secret(OTHER)),
        (str(ONE), {SECRET_HEADER: TOKENS[ONE]}),
        ("999", secret(ONE)),
        ("not-a-number", secret(ONE)),
        ("9" * 400, secret(ONE)),
        (f"{ONE}", {"X-Forwarded-For": "149.154.160.1", "X-Real-IP": "149.154.160.1"}),
    ]
    async with aiohttp.ClientSession() as http:
        for bot, headers in attempts:
            async with http.post(path + bot, data=body, headers=headers) as answer:
                assert (answer.status, await answer.read()) == (401, b""), (bot, headers)
    async with redis.asyncio.Redis.from_url(clean_redis) as client:
        assert await Inbox(client).sizes() == {}


async def test_ten_thousand_made_up_bots_cost_no_memory(service: Process) -> None:
    async with aiohttp.ClientSession() as http:

        async def forge(bot: int) -> int:
            async with http.post(
                f"{service.url}/webhook/{bot}", data=b"{}", headers=secret(ONE)
            ) as a:
                return a.status

        assert {*await asyncio.gather(*map(forge, range(1000)))} == {401}
        before = memory(service)
        for start in range(10_000, 20_000, 1000):
            assert {*await asyncio.gather(*map(forge, range(start, start + 1000)))} == {401}
    assert memory(service) - before < 8 * 1024 * 1024


async def test_what_is_no_update_is_refused(service: Process, sandbox: SandboxClient) -> None:
    bodies = [b"", b"{", b"[]", b"null", b'{"message": {}}', b"\xff\xfe", b"[" * 100_000]
    ids = [b'"1"', b"-1", b"1.5", b"true", b"99999999999999999999999999"]
    for body in bodies + [b'{"update_id": ' + update_id + b"}" for update_id in ids]:
        assert await post(service, body) == 400, body
    await sandbox.send(ONE, "still here", user_id=73)
    assert (await sandbox.reply(ONE, 73))["text"] == "still here"


async def test_large_bodies_are_refused(service: Process) -> None:
    assert await post(service, io.BytesIO(b"x" * 5_000_000)) == 413

    async def stream() -> Any:
        for _ in range(5):
            yield b"x" * LARGEST_BODY

    # The service answers before all is sent, and closes: either is what a client may see.
    with contextlib.suppress(aiohttp.ClientError):
        assert await post(service, stream()) == 413
    assert await post(service, orjson.dumps(text(5, "small"))) == 200


async def test_a_slow_body_is_cut_and_harms_nobody(
    service: Process, sandbox: SandboxClient
) -> None:
    host, port = "127.0.0.1", int(service.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection(host, port)
    head = f"POST /webhook/{ONE} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    head += f"{SECRET_HEADER}: {secret(ONE)[SECRET_HEADER]}\r\n\r\n"
    writer.write(head.encode() + b"{")
    await writer.drain()
    await sandbox.send(ONE, "quick", user_id=74)
    assert (await sandbox.reply(ONE, 74))["text"] == "quick"
    assert b"408" in await reader.readline()
    writer.close()


async def test_a_redelivery_is_entered_once(service: Process, sandbox: SandboxClient) -> None:
    body = orjson.dumps(text(4242, "once", user=75))
    for _ in range(3):
        assert await post(service, body) == 200
    await sandbox.send(ONE, "last", user_id=75)

    async def texts() -> list[str]:
        return [call["params"]["text"] for call in await sandbox.calls(ONE, "sendMessage")]

    async def last_is_answered() -> bool:
        return "last" in await texts()

    await until(last_is_answered, "the last message is answered")
    assert (await texts()).count("once") == 1


async def test_503_while_the_inbox_is_full(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    await sandbox.add(TOKENS[ONE])
    service = await start_service(
        "tests.proofs.app", **webhook_settings(), INBOX_LIMIT_PER_BOT="2", CONCURRENCY="1"
    )
    for number in range(2):
        assert await post(service, orjson.dumps(text(number, "wait go-on"))) == 200
    assert await post(service, orjson.dumps(text(9, "too much"))) == 503
    let_go(clean_redis)

    async def room() -> bool:
        return await post(service, orjson.dumps(text(9, "too much"))) == 200

    await until(room, "the inbox has room again")


async def test_a_replica_that_drains_takes_updates_for_the_others(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    await sandbox.add(TOKENS[ONE])
    settings = webhook_settings() | {"DRAIN_TIMEOUT": "100"}
    service = await start_service("tests.proofs.app", **settings)
    await until_running(service)
    await sandbox.send(ONE, "wait go-on", user_id=76)
    await until_started(clean_redis, "wait go-on")
    service.signal(signal.SIGTERM)
    await until_unready(service)
    assert await post(service, orjson.dumps(text(2002, "late", user=76))) == 200
    let_go(clean_redis)
    assert await service.wait() == 0
    await start_service("tests.proofs.app", **settings)
    assert [(await sandbox.reply(ONE, 76))["text"] for _ in range(2)] == ["wait go-on", "late"]


async def test_503_while_redis_is_away(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    await sandbox.add(TOKENS[ONE])
    redis_server = RedisServer(tmp_path)
    redis_server.start()
    try:
        service = await start_service(**webhook_settings(), REDIS_URL=redis_server.url)
        redis_server.kill()
        body = orjson.dumps(text(1, "hello", user=77))
        assert await post(service, body) == 503
        redis_server.start()

        async def accepted() -> bool:
            return await post(service, body) == 200

        await until(accepted, "updates are taken again")
    finally:
        redis_server.kill()


async def post(service: Process, body: Any) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{service.url}/webhook/{ONE}", data=body, headers=secret(ONE)) as answer,
    ):
        return answer.status
