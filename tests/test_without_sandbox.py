"""A project whose owner deleted the sandbox: the folder, and in compose.yaml its service and the
line by which the bots wait for it. So sandbox/README.md tells it."""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
import uuid
from pathlib import Path

import pytest

from tests.conftest import free_port

SECONDS = 60.0
"""For a process to be ready, or to end."""
REDIS = """
from sandbox.redis import embedded_redis
with embedded_redis() as url:
    print(url, flush=True)
    input()
"""


@pytest.fixture(scope="module")
def stripped(equipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder is gone, and the profile; all the rest is as it was baked."""
    folder = tmp_path_factory.mktemp("stripped") / "no-sandbox"
    shutil.copytree(equipped, folder, symlinks=True)
    shutil.rmtree(folder / "sandbox")
    compose = folder / "compose.yaml"
    text, services = re.subn(
        r"(?m)(^  #.*\n)?^  sandbox:\n(?:^    .*\n)+\n", "", compose.read_text("utf-8")
    )
    text, lines = re.subn(r"(?m)^ +sandbox: \{.*\n", "", text)
    assert (services, lines) == (1, 1)
    compose.write_text(text, "utf-8")
    return folder


@pytest.mark.slow
def test_it_lints(stripped: Path) -> None:
    subprocess.run(["make", "lint"], cwd=stripped, check=True)


@pytest.mark.slow
def test_it_runs(stripped: Path, equipped: Path) -> None:
    """`python -m bot`, with the Redis and the sandbox of another project, starts and stops."""
    python, telegram, health = equipped / ".venv" / "bin" / "python", free_port(), free_port()

    def start(*arguments: str, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [python, *arguments],
            cwd=equipped,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    redis = start("-c", REDIS)
    assert redis.stdout
    sandbox = start("-m", "sandbox", SANDBOX_PORT=str(telegram))
    settings = {
        "TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}",
        "REDIS_URL": redis.stdout.readline().strip(),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(health),
    }
    bot = subprocess.Popen([python, "-m", "bot"], cwd=stripped, env={**os.environ, **settings})
    try:
        wait_for(f"http://127.0.0.1:{health}/health/ready")
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(SECONDS) == 0
    finally:
        for process in (bot, sandbox, redis):
            process.terminate()
            process.communicate()


@pytest.mark.slow
@pytest.mark.docker
def test_it_runs_in_docker(stripped: Path) -> None:
    """Compose knows Redis and the bots alone, and makes an image that has all they need."""
    name = f"no-sandbox-{uuid.uuid4().hex[:8]}"
    env = {**os.environ, "COMPOSE_PROJECT_NAME": name}

    def compose(*arguments: str) -> str:
        command = ["docker", "compose", *arguments]
        return subprocess.run(
            command, cwd=stripped, env=env, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    assert set(compose("config", "--services").split()) == {"bot", "redis"}
    try:
        compose("build", "--quiet")
        compose("run", "--rm", "--no-deps", "bot", "python", "-c", "import bot.__main__")
    finally:
        compose("down", "--volumes", "--rmi", "local")


def wait_for(url: str) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.2)
