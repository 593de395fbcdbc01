"""The whole story: the baked project in real containers, from `docker compose up` to the stop."""

import asyncio
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import Bake
from tests.stack import GRACE, UP, Stack, inspect, output, running

pytestmark = pytest.mark.docker
SUPPORT, SHOP = 1000001, 1000002
"""The bots of .env as it is generated."""
TAKE_OVER = 60
"""Seconds for a new process to start and to take over the turns of one that was killed."""


SLOW = '''\
"""`/slow`: a handler that is at work for 3 s."""

import asyncio

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message


async def work(message: Message) -> None:
    await message.answer("working")
    await asyncio.sleep(3)
    await message.answer("done")


def create_router() -> Router:
    router = Router(name="slow")
    router.message.register(work, Command("slow"))
    return router
'''


@pytest.fixture(scope="module")
def stack(bake: Bake) -> Iterator[Stack]:
    """The project with one more handler, `/slow`, and its README's volume, up and healthy."""
    folder = bake()
    handlers = folder / "bot" / "handlers"
    (handlers / "slow.py").write_text(SLOW)
    imports = "from aiogram import Router\n"
    change(handlers / "__init__.py", imports, f"{imports}from bot.handlers import slow\n")
    change(handlers / "__init__.py", "echo.create", "slow.create_router(),\n        echo.create")
    _, _, after = (folder / "README.md").read_text().partition("write `compose.override.yaml`:")
    (folder / "compose.override.yaml").write_text(after.split("```")[1].removeprefix("yaml"))
    with running(folder) as stack:
        yield stack


@pytest.fixture(scope="module")
def client_class(stack: Stack) -> Any:
    """The sandbox's client, as the project has it."""
    sys.path.append(str(stack.folder))
    return importlib.import_module("sandbox.client").SandboxClient


@pytest_asyncio.fixture
async def sandbox(stack: Stack, client_class: Any) -> AsyncIterator[Any]:
    """Telegram's side: send as a user, read chats."""
    async with client_class(f"http://{stack.address('sandbox', 8081)}") as client:
        yield client


@pytest.fixture(autouse=True)
def logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the containers said during the test; pytest shows it if the test failed."""
    since = str(int(time.time()))
    yield
    if stack := getattr(request.node, "funcargs", {}).get("stack"):
        print(stack.compose("ps", "--all", check=False))
        print(stack.compose("logs", "--no-color", "--since", since, check=False))


def test_make_down_ends_what_a_profile_started(bake: Bake) -> None:
    """Also when the profile is no longer in .env: Caddy would keep its ports."""
    stack = Stack(bake())
    everything = ("--profile", "*", "ps", "--all", "--quiet")
    try:
        stack.compose("--profile", "webhook", "up", "--no-start", "--no-deps", "caddy")
        assert stack.compose(*everything)
        environment = {**os.environ, "COMPOSE_PROJECT_NAME": stack.name}
        subprocess.run(["make", "down"], cwd=stack.folder, env=environment, check=True)
        assert not stack.compose(*everything)
    finally:
        stack.compose("--profile", "*", "down", "--volumes")


async def test_two_bots_answer(sandbox: Any) -> None:
    assert "the support bot" in await ask(sandbox, SUPPORT, 1, "/start")
    assert "the shop bot" in await ask(sandbox, SHOP, 1, "/start")


async def test_a_form_in_one_bot_does_not_leak_into_the_other(sandbox: Any) -> None:
    assert "your name" in await ask(sandbox, SUPPORT, 2, "/form")
    assert await ask(sandbox, SHOP, 2, "Bob") == "Bob"
    assert "How old are you, Bob" in await ask(sandbox, SUPPORT, 2, "Bob")


def test_health_on_loopback(stack: Stack) -> None:
    assert stack.address("bot", 8080).startswith("127.0.0.1:")
    health = stack.health()
    assert health["ready"]
    states = {bot["id"]: bot["state"] for bot in health["bots"]}
    assert states == {SUPPORT: "running", SHOP: "running"}


@pytest.mark.parametrize("service", ["bot", "redis", "sandbox"])
def test_a_container_may_do_little(stack: Stack, service: str) -> None:
    lines = stack.shell(service, "cat /proc/1/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert "Read-only file system" in stack.shell(service, "echo > /file", check=False)
    stack.shell(service, "echo > /tmp/file")


def test_where_files_go(stack: Stack) -> None:
    """What libraries keep at home can be written; what is in the volume stays."""
    stack.shell("bot", "mkdir -p ~/.cache/library && echo > ~/.cache/library/file")
    stack.shell("bot", "echo kept > /data/file")
    stack.compose(*UP, "--force-recreate", "--no-deps", "bot")
    assert stack.shell("bot", "cat /data/file; ls -A ~") == "kept"


@pytest.mark.parametrize("service", ["bot", "sandbox"])
def test_process_1_is_tini(stack: Stack, service: str) -> None:
    command = stack.shell(service, "tr '\\0' ' ' < /proc/1/cmdline")
    assert command == f"/usr/bin/tini -- python -m {service}"
    assert stack.container(service)["Config"]["StopSignal"] == "SIGTERM"


def test_the_image_holds_what_the_bots_need_and_no_more(stack: Stack) -> None:
    image = stack.container("bot")["Image"]

    def look(command: str) -> list[str]:
        run = ["docker", "run", "--rm", "--user", "0", "--network", "none", "--entrypoint", "sh"]
        return output(*run, image, "-c", f"{command}; true").split()

    assert look("ls -A /app") == ["bot", "fleet"]
    assert look("ls /app/fleet/inbox/scripts/*.lua")
    assert look("ls /app/bot/handlers/__pycache__/slow.*.pyc"), "it cannot be written later"
    tools = "uv uvx pip pip3 gcc make git pytest ruff mypy redis-server valkey-server"
    assert look(f"for tool in {tools}; do command -v $tool; done") == []
    assert look("find / -xdev -name pip -type d") == []
    assert look("find /root/.cache /var/lib/apt/lists /tmp -type f") == []
    for secret in secrets(stack.folder):
        assert look(f"grep -rlFs -e '{secret}' /app /opt /etc /root") == []
        assert secret not in json.dumps(inspect(image))
        assert secret not in output("docker", "history", "--no-trunc", image)


def test_redis(stack: Stack) -> None:
    redis = stack.container("redis")
    kind, check = redis["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD-SHELL"
    stack.shell("redis", check)
    wrong = stack.shell("redis", f"REDISCLI_AUTH=wrong && {check} || echo unhealthy")
    assert "unhealthy" in wrong

    def setting(name: str) -> str:
        return stack.shell("redis", f"redis-cli config get {name}").splitlines()[1]

    assert setting("appendonly") == "yes"
    assert setting("appendfsync") == "everysec"
    assert setting("maxmemory-policy") == "noeviction"
    assert 0 < int(setting("maxmemory")) < redis["HostConfig"]["Memory"]
    [mount] = redis["Mounts"]
    assert mount["Name"] == f"{stack.name}_redis"
    assert not [secret for secret in secrets(stack.folder) if secret in str(redis["Args"])]


def test_command_line(stack: Stack) -> None:
    listed = stack.shell("bot", "fleet list")
    assert str(SUPPORT) in listed
    assert str(SHOP) in listed


async def test_replicas(stack: Stack, sandbox: Any) -> None:
    await asyncio.to_thread(stack.compose, *UP, "--scale", "bot=3")
    assert len({stack.address("bot", 8080, index) for index in (1, 2, 3)}) == 3
    assert all(stack.health(index)["ready"] for index in (1, 2, 3))
    assert "Hello" in await ask(sandbox, SUPPORT, 3, "/start")
    await asyncio.to_thread(stack.compose, *UP)
    assert "Hello" in await ask(sandbox, SHOP, 3, "/start")


async def test_kill_9_loses_nothing(stack: Stack, sandbox: Any) -> None:
    assert await ask(sandbox, SUPPORT, 4, "/slow") == "working"
    stack.shell("bot", "kill -9 $(cat /proc/1/task/1/children)")
    await sandbox.send(SUPPORT, "after", user_id=4)
    again = await hear(sandbox, SUPPORT, 4)
    if again == "working":  # it was killed before it could note that this was said
        again = await hear(sandbox, SUPPORT, 4)
    assert again == "done", "the turn is taken again"
    assert await hear(sandbox, SUPPORT, 4) == "after"
    assert stack.container("bot")["RestartCount"] == 1


async def test_a_changed_handler_is_there_in_seconds(stack: Stack, sandbox: Any) -> None:
    change(stack.folder / "bot" / "handlers" / "slow.py", '"working"', '"changed"')
    start = time.monotonic()
    said = await asyncio.to_thread(stack.compose, "build", "bot")
    assert time.monotonic() - start < 30
    steps = said.split("\n\n")
    for step in ("uv pip sync", "apt-get install", "COPY --from=builder"):
        [lines] = [lines for lines in steps if step in lines]
        assert lines.splitlines()[-1].endswith("CACHED"), lines
    await asyncio.to_thread(stack.compose, *UP)
    assert await ask(sandbox, SHOP, 5, "/slow") == "changed"


async def test_stop_while_a_handler_works(stack: Stack, sandbox: Any, client_class: Any) -> None:
    """The reply still arrives, the exit is clean and early; what was begun goes on later."""
    assert "your name" in await ask(sandbox, SUPPORT, 6, "/form")
    assert await ask(sandbox, SHOP, 6, "/slow") == "changed"
    start = time.monotonic()
    stop = asyncio.create_task(asyncio.to_thread(stack.compose, "stop"))
    assert await hear(sandbox, SHOP, 6) == "done"
    await stop
    assert time.monotonic() - start < GRACE
    for service in ("bot", "redis", "sandbox"):
        state = stack.container(service)["State"]
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False), service
    said = stack.compose("logs", "--no-color", "bot").lower()
    for complaint in ("unclosed", "never awaited", "never retrieved", "destroyed", "traceback"):
        assert complaint not in said

    await asyncio.to_thread(stack.compose, *UP)
    async with client_class(f"http://{stack.address('sandbox', 8081)}") as again:
        async with asyncio.timeout(TAKE_OVER):
            while SUPPORT not in {bot["id"] for bot in await again.bots()}:  # noqa: ASYNC110 - over there
                await asyncio.sleep(0.1)
        assert "How old are you, Eve" in await ask(again, SUPPORT, 6, "Eve")


async def ask(sandbox: Any, bot_id: int, user_id: int, text: str) -> str:
    """Write to a bot in a private chat and return its reply."""
    await sandbox.send(bot_id, text, user_id=user_id)
    return await hear(sandbox, bot_id, user_id)


async def hear(sandbox: Any, bot_id: int, user_id: int) -> str:
    message = await sandbox.reply(bot_id, user_id, timeout=TAKE_OVER)
    return str(message["text"])


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} in {file.name}"
    file.write_text(text.replace(old, new))


def secrets(folder: Path) -> list[str]:
    """What .env holds that no image may hold."""
    lines = (folder / ".env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    return [values["REDIS_PASSWORD"], values["SECRET_KEY"], "AA-sandbox-token"]
