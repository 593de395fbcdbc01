"""Webhook mode in real containers: Caddy with TLS in front, replicas behind it."""

import asyncio
import http.client
import importlib
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import Bake
from tests.stack import UP, Stack, running

pytestmark = pytest.mark.docker

SUPPORT, SHOP = 1000001, 1000002
LIVE = """
COMPOSE_PROFILES=sandbox,webhook
WEBHOOK_URL=https://bots.internal
HTTP_PUBLIC=0
HTTPS_PUBLIC=0
"""


@pytest.fixture(scope="module")
def stack(bake: Bake) -> Iterator[Stack]:
    """The project in webhook mode, with the settings that README.md tells."""
    folder = bake()
    env = folder / ".env"
    kept = [line for line in env.read_text().splitlines() if not line.startswith("COMPOSE_PROF")]
    env.write_text("\n".join(kept) + LIVE)
    with running(folder) as stack:
        yield stack


@pytest_asyncio.fixture
async def sandbox(stack: Stack) -> AsyncIterator[Any]:
    sys.path.append(str(stack.folder))
    client = importlib.import_module("sandbox.client").SandboxClient
    async with client(f"http://{stack.address('sandbox', 8081)}") as sandbox:
        yield sandbox


def ask(stack: Stack, method: str, path: str, **headers: str) -> int:
    """Ask Caddy from outside, over TLS; return the status."""
    port = stack.address("caddy", 443).rpartition(":")[2]
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # signed by Caddy's own authority, in this trial
    plain = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    plain.connect()
    plain.sock = context.wrap_socket(plain.sock, server_hostname="bots.internal")
    plain.request(method, path, headers={"Host": "bots.internal", **headers})
    status = plain.getresponse().status
    plain.close()
    return status


async def test_bots_answer_through_caddy(stack: Stack, sandbox: Any) -> None:
    for bot in (SUPPORT, SHOP):
        await sandbox.send(bot, "/start", user_id=1)
        assert "Hello" in (await sandbox.reply(bot, 1, timeout=20))["text"]
    assert {bot["mode"] for bot in await sandbox.bots()} == {"webhook"}
    assert stack.health()["mode"] == "webhook"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health"), ("GET", "/health/ready"), ("GET", "/metrics"), ("POST", "/health"),
     ("GET", "/"), ("GET", f"/webhook/{SUPPORT}"), ("POST", "/webhook/../health")],
)  # fmt: skip
def test_nothing_but_webhooks_is_public(stack: Stack, method: str, path: str) -> None:
    assert ask(stack, method, path) == 404


def test_a_forged_request_is_refused_and_its_address_is_the_proxys_word(stack: Stack) -> None:
    assert ask(stack, "POST", f"/webhook/{SUPPORT}", **{"X-Forwarded-For": "149.154.160.1"}) == 401
    said = [line for line in stack.compose("logs", "bot").splitlines() if "forged" in line]
    assert said
    assert not any("149.154.160.1" in line for line in said)


async def test_a_rolling_replacement_loses_nothing(stack: Stack, sandbox: Any) -> None:
    """More replicas, then other ones, while users write: every message has its echo, in order."""
    sent: list[str] = []
    over = asyncio.Event()

    async def write() -> None:
        while not over.is_set():
            sent.append(str(len(sent)))
            await sandbox.send(SUPPORT, sent[-1], user_id=2)
            await asyncio.sleep(0.1)  # the pace of the user

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        await asyncio.to_thread(stack.compose, *UP, "--scale", "bot=3")
        await asyncio.to_thread(stack.compose, *UP, "--scale", "bot=2", "--force-recreate", "bot")
        over.set()
    await sandbox.send(SUPPORT, "last", user_id=2)
    async with asyncio.timeout(60):
        while (message := await sandbox.reply(SUPPORT, 2, timeout=60))["text"] != "last":
            assert message
    chat = [m["text"] for m in await sandbox.messages(SUPPORT, 2) if m["from"]["is_bot"]]
    assert chat == [*sent, "last"]
    calls = await sandbox.calls(SUPPORT, "deleteWebhook")
    assert calls == [], "a rolling deploy keeps the webhook"
