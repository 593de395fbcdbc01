"""Webhook mode in real containers: Caddy with TLS in front, replicas behind it."""

import asyncio
import http.client
import ssl
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from sandbox.client import SandboxClient
from tests.conftest import Bake
from tests.stack import UP, Stack, running

pytestmark = pytest.mark.docker

SUPPORT, SHOP = 1000001, 1000002
LIVE = """
COMPOSE_PROFILES=sandbox,webhook
WEBHOOK_URL=https://bots.internal
HTTP_PUBLIC=0
HTTPS_PUBLIC=0
USER_LIMIT=10000
CHAT_RATE=0
"""
"""One user writes ten times a second here, and all of it must be answered soon."""


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
async def sandbox(stack: Stack) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(f"http://{stack.address('sandbox', 8081)}") as sandbox:
        yield sandbox


def ask(stack: Stack, method: str, path: str, **headers: str) -> int:
    """Ask Caddy from outside, over TLS; return the status.

    Host is bots.internal unless another one is among the headers.
    """
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


async def test_bots_answer_through_caddy(stack: Stack, sandbox: SandboxClient) -> None:
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


async def test_a_rolling_replacement_loses_nothing(stack: Stack, sandbox: SandboxClient) -> None:
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


def test_what_is_for_nobody_is_never_answered_with_200(stack: Stack) -> None:
    assert ask(stack, "POST", f"/webhook/{SUPPORT}", Host="other.example") == 421
    for host, status in (("bots.internal", 308), ("other.example", 404)):
        plain = http.client.HTTPConnection(stack.address("caddy", 80), timeout=10)
        plain.request("POST", f"/webhook/{SUPPORT}", headers={"Host": host})
        assert plain.getresponse().status == status
        plain.close()


async def test_an_address_with_a_port_and_a_path(stack: Stack, sandbox: SandboxClient) -> None:
    """The last test of this module: from here on the stack has that address."""
    env = stack.folder / ".env"
    env.write_text(env.read_text().replace("bots.internal", "bots.internal:8443/tg"))
    stack.compose(*UP)
    calls = await sandbox.calls(SUPPORT, "setWebhook", at_least=2, timeout=60)
    assert ":8443/tg/webhook/" in calls[-1]["params"]["url"]
    await sandbox.send(SUPPORT, "/start", user_id=3)
    assert "Hello" in (await sandbox.reply(SUPPORT, 3, timeout=20))["text"]
    for host in ("bots.internal", "bots.internal:8443"):
        assert ask(stack, "POST", f"/tg/webhook/{SUPPORT}", Host=host) == 401, "handed on"
        assert ask(stack, "POST", f"/webhook/{SUPPORT}", Host=host) == 404
        assert ask(stack, "GET", f"/tg/webhook/{SUPPORT}", Host=host) == 404
        assert ask(stack, "POST", "/tg/health", Host=host) == 404


@pytest.mark.parametrize(
    ("port", "line"),
    [(8443, "HTTPS_PUBLIC: write 8443 into .env, the port of WEBHOOK_URL"),
     (80, "WEBHOOK_URL: write another port, Caddy needs 80 to get certificates")],
)  # fmt: skip
def test_a_port_that_leads_nowhere_is_refused(stack: Stack, port: int, line: str) -> None:
    url = f"WEBHOOK_URL=https://bots.example.com:{port}"
    run = ("run", "--rm", "--no-deps", "--env", "HTTPS_PUBLIC=", "--env", url, "caddy")
    assert line in stack.compose(*run, check=False).splitlines()
