"""The baked project by its own commands, without Docker: what a new user does first."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Bake

READY_WITHIN = 300.0
"""Seconds for `make demo` to run, from nothing: it installs the tools of the project first."""


@pytest.fixture
def no_docker(tmp_path: Path) -> dict[str, str]:
    """An environment in which there is no Docker; ports that nobody has."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for folder in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(folder).glob("*") if Path(folder).is_dir() else ():
            link = programs / program.name
            link.unlink(missing_ok=True)
            if program.name != "docker":
                link.symlink_to(program)
    ports = {"SANDBOX_PORT": str(free_port()), "HTTP_PORT": str(free_port())}
    return {**os.environ, "PATH": str(programs), **ports}


@pytest.mark.slow
def test_make_lint_and_make_test_pass_in_the_baked_project(bake: Bake) -> None:
    """Lint is `ruff check`, `ruff format --check` and `mypy --strict`; no fixes."""
    project = bake()
    subprocess.run(["make", "lint"], cwd=project, check=True)
    done = subprocess.run(
        ["make", "test"], cwd=project, check=False, text=True, capture_output=True
    )
    print(done.stdout[-20_000:], done.stderr[-5_000:])
    assert done.returncode == 0
    assert " passed" in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_make_demo_without_docker_runs_until_ctrl_c(
    template: Path, no_docker: dict[str, str], tmp_path: Path
) -> None:
    """In a fresh copy of the template, without .git: the tools are installed on the way."""
    log = tmp_path / "log"
    clone = shutil.copytree(template, tmp_path / "clone")
    with log.open("w") as output:
        demo = subprocess.Popen(
            ["make", "demo"],
            cwd=clone,
            env=no_docker,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for("Ctrl-C ends everything", log, demo)
        said = log.read_text()
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
        assert "support" in chat.stdout
    finally:
        # As a terminal does it at Ctrl-C: to make and to what it runs.
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(timeout=60)
        print(log.read_text())
    assert "Everything has ended." in log.read_text()
    for port in (no_docker["SANDBOX_PORT"], no_docker["HTTP_PORT"]):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()


def wait_for(text: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN
    while text not in log.read_text():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline, f"{text!r} was not said"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
