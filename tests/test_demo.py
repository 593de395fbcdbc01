"""`make demo`: what a new user does first, with Docker and without."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port

READY_WITHIN = 300.0
"""Seconds for `make demo` to run, from nothing: it installs the tools of the project first."""


@pytest.fixture
def no_docker(tmp_path: Path) -> dict[str, str]:
    """An environment in which there is no Docker; ports that nobody has; a proxy that is away.

    What runs on the desk asks no proxy.
    """
    programs = tmp_path / "bin"
    programs.mkdir()
    for folder in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(folder).glob("*") if Path(folder).is_dir() else ():
            link = programs / program.name
            link.unlink(missing_ok=True)
            if program.name != "docker":
                link.symlink_to(program)
    ports = {"SANDBOX_PORT": str(free_port()), "HTTP_PORT": str(free_port())}
    return {**os.environ, "PATH": str(programs), "TELEGRAM_PROXY": "http://127.0.0.1:9", **ports}


@pytest.mark.slow
def test_make_demo_without_docker_runs_until_ctrl_c(
    template: Path, no_docker: dict[str, str], tmp_path: Path
) -> None:
    """In a fresh copy of the template, without .git: the tools are installed on the way, once."""
    clone = shutil.copytree(template, tmp_path / "clone")
    with demo(["make", "demo"], clone, no_docker) as said:
        assert "No Docker engine answers" in said
        assert f"http://127.0.0.1:{no_docker['SANDBOX_PORT']}" in said
        assert "make chat" in said
        chat = subprocess.run(
            ["make", "--no-print-directory", "chat", "BOT=1000001"],
            cwd=clone / "build" / "demo",
            env=no_docker,
            input="/start\n",
            text=True,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert "the support bot" in chat.stdout
    sandbox = no_docker.pop("SANDBOX_PORT")
    with (clone / "build" / "demo" / ".env").open("a", encoding="utf-8") as env:
        env.write(f"SANDBOX_PORT={sandbox}\n")
    with demo(["make", "demo"], clone, no_docker) as said:
        assert "Installing the tools" not in said
        assert f"http://127.0.0.1:{sandbox} " in said
        assert ": make chat)" in said, "it knows the port from .env, too"
    for port in (sandbox, no_docker["HTTP_PORT"]):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()


@pytest.mark.slow
@pytest.mark.docker
def test_make_demo_with_docker_runs_until_ctrl_c(template: Path, tmp_path: Path) -> None:
    """What it prints is there, and nothing of it after Ctrl-C."""
    clone = shutil.copytree(template, tmp_path / "clone")
    name = f"demo-{uuid.uuid4().hex[:8]}"
    ports = {"SANDBOX_PORT": "0", "HEALTH_PORTS": "0"}
    env = {**os.environ, "COMPOSE_PROJECT_NAME": name, **ports}
    with demo([sys.executable, "demo.py"], clone, env) as said:
        for pattern in (r"http://\S+/health\b", r"http://\S+$"):
            [address] = re.findall(pattern, said, re.MULTILINE)[-1:]
            path = "" if address.endswith("/health") else "/sandbox/health"
            with urllib.request.urlopen(address + path, timeout=10) as answer:
                assert answer.status == 200
        assert "make chat" in said
    for kind in ("container", "volume", "network"):
        left = [
            "docker",
            kind,
            "ls",
            "--quiet",
            f"--filter=label=com.docker.compose.project={name}",
        ]
        left += ["--all"] if kind == "container" else []
        assert subprocess.run(left, check=True, capture_output=True).stdout == b"", kind
    images = ["docker", "image", "rm", f"{name}-bot", f"{name}-sandbox"]
    subprocess.run(images, check=True, capture_output=True)


@contextlib.contextmanager
def demo(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Run a demo until it is ready; give what it said. Then Ctrl-C, and the end."""
    log = folder.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for("Ctrl-C ends everything", log, process)
        yield log.read_text()
    finally:
        # As a terminal does it: to make and to all that it runs.
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=90)
        print(log.read_text())
    assert "Everything has ended." in log.read_text()


def wait_for(text: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN
    while text not in log.read_text():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline, f"{text!r} was not said"
        time.sleep(0.1)
