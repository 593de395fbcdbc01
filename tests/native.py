"""The baked project: its sandbox and bots, run as processes for a test, and its commands."""

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import free_port

SUPPORT = 1000001
SHOP = 1000002
TOKENS = (
    f"support={SUPPORT}:AA-sandbox-token-for-support-bot-01,"
    f"shop={SHOP}:AA-sandbox-token-for-the-shop-bot01"
)
RAW = 1000003
"""A bot that is no program: a test calls the Bot API in its name."""
REDIS = (
    "from sandbox.redis import redis_server as r\nwith r() as s: print(s.url, flush=True); input()"
)
STARTS_WITHIN = 300.0
"""Seconds."""


class Sandbox:
    """`python -m sandbox` of a baked project, on a port that stays its own when it is restarted."""

    def __init__(self, project: Path, python: str, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._project = project
        self._folder = folder
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, module: str, **env: str) -> "subprocess.Popen[bytes]":
        """Start a module of the project; what it says goes to a file."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        settings = {**inherited, "PYTHONPATH": str(self._project), "PYTHONDONTWRITEBYTECODE": "1"}
        with (self._folder / f"{module}.log").open("ab") as log:
            return subprocess.Popen(
                [self._python, "-m", module],
                cwd=self._folder,
                env={**settings, **env},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        self._process = self.run("sandbox", SANDBOX_PORT=port)
        wait_until_answers(f"{self.url}/sandbox/health", self._process)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @contextlib.contextmanager
    def bots(self) -> Iterator[None]:
        """The example bots, on a Redis of their own."""
        redis = subprocess.Popen(
            [self._python, "-c", REDIS],
            cwd=self._project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert redis.stdout
        url = redis.stdout.readline().strip()
        port = str(free_port())
        service = self.run(
            "bot",
            BOT_TOKENS=TOKENS,
            TELEGRAM_API_URL=self.url,
            REDIS_URL=url,
            HTTP_PORT=port,
            SECRET_KEY="0123456789abcdef" * 2,
        )
        try:
            wait_until_answers(f"http://127.0.0.1:{port}/health/ready", service)
            yield
        finally:
            service.terminate()
            service.wait(timeout=60)
            redis.communicate("\n", timeout=60)

    def ask(self, command: str, **arguments: Any) -> Any:
        """One command of the control API."""
        return post(f"{self.url}/sandbox/{command}", arguments)

    def call(self, method: str, bot_id: int = RAW, **parameters: Any) -> Any:
        """One call of the Bot API, as a bot would make it. Returns the result."""
        answer = post(
            f"{self.url}/bot{bot_id}:AA-token-of-a-bot-that-is-a-test-001/{method}", parameters
        )
        return answer["result"]

    def update(self, kind: str, bot_id: int = RAW) -> Any:
        """The next update of a kind for a bot that is raw; those before it are confirmed."""
        deadline = time.monotonic() + 20
        offset = 0
        while time.monotonic() < deadline:
            for update in self.call("getUpdates", bot_id, offset=offset, timeout=5, limit=1):
                offset = update["update_id"] + 1
                if kind in update:
                    self.call("getUpdates", bot_id, offset=offset, limit=1)
                    return update[kind]
        raise AssertionError(f"no {kind} came")


def post(url: str, content: dict[str, Any]) -> Any:
    """The JSON that a POST of JSON is answered with; also that of an error of the Bot API."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(content).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_until_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            assert process.poll() is None, f"it ended before {url} answered"
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


def run_make(target: str, project: Path) -> str:
    """Run `make target` and return what it says. Fails, and shows the end of that, if it fails."""
    # Said or not, the folder that make enters is no part of what is looked at.
    command = ["make", "--no-print-directory", target]
    done = subprocess.run(command, cwd=project, check=False, stdout=subprocess.PIPE, text=True)
    print(done.stdout[-20_000:])
    assert done.returncode == 0
    return done.stdout
