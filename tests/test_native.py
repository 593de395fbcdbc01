"""The baked project by its own commands, without Docker: what a new user does first."""

import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import ROOT
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
    template: Path, no_docker: dict[str, str]
) -> None:
    shutil.rmtree(template / "build", ignore_errors=True)
    (template / ".venv").symlink_to(ROOT / ".venv") if (ROOT / ".venv").exists() else None
    demo = subprocess.Popen(
        ["make", "demo"],
        cwd=template,
        env=no_docker,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = "".join(until(demo, "Ctrl-C ends everything"))
        assert "No Docker engine answers" in said
        assert f"http://127.0.0.1:{no_docker['SANDBOX_PORT']}" in said
        assert "make chat" in said
        chat = subprocess.run(
            ["make", "--no-print-directory", "chat"],
            cwd=template / "build" / "demo",
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
    for port in (no_docker["SANDBOX_PORT"], no_docker["HTTP_PORT"]):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()


def until(process: "subprocess.Popen[str]", text: str) -> Iterator[str]:
    """Give its output, line by line, up to the line that holds the text."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + READY_WITHIN
    seen = []
    while (line := lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
        seen.append(line)
        yield line
        if text in line:
            return
    raise AssertionError("it ended:\n" + "".join(seen))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
