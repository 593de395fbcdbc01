"""`make demo`: bake the template into build/demo with its defaults and run it until Ctrl-C.

With Docker when an engine answers, else natively.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).resolve().parent
PROJECT = ROOT / "build" / "demo"
UNTRACKED = (
    ".git",
    ".venv*",
    "build",
    ".env",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    ".benchmarks",
)
READY = """
Redis, the sandbox and the bots run in Docker, from {folder}.
  state of the bots            http://{health}/health
  talk to them in a terminal   make chat  (in {folder})
  talk to them in a browser    http://{sandbox}
Ctrl-C ends everything. Here are their logs:
"""


STOP_AGAIN_AFTER = 3.0
"""Seconds until what was told to end is told again: a program that just starts may not hear."""
KILL_AFTER = 30.0
"""Seconds after which it is killed."""

stop_asked = threading.Event()


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop_asked.set())
    try:
        print(f"Baking the template into {PROJECT} with the defaults.", flush=True)
        bake(PROJECT)
        return run_in_docker() if docker_answers() else run_natively()
    except Stopped:
        print("\nEverything has ended.", flush=True)
        return 0


def bake(project: Path) -> None:
    """Bake with the defaults. A project that is there gets the new files and keeps its `.env`, and
    its tools, if the list of them is the same."""
    tools = project / "requirements-dev.txt"
    before = (tools.read_bytes(), tools.stat()) if tools.exists() else None
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template")
        copy_template(template)
        config = Path(folder, "config.yaml")
        # None of the user's own defaults, and no trace in their home.
        config.write_text(f"replay_dir: {folder}\ncookiecutters_dir: {folder}\n", encoding="utf-8")
        cookiecutter(
            str(template),
            no_input=True,
            extra_context={"project_name": "Demo", "project_slug": project.name},
            output_dir=str(project.parent),
            overwrite_if_exists=True,
            config_file=str(config),
        )
    if before and before[0] == tools.read_bytes():
        os.utime(tools, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))


def copy_template(target: Path) -> None:
    """Copy the template without what tools leave behind, as a fresh clone would be."""
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*UNTRACKED))


def docker_answers() -> bool:
    """Tell whether there is a Docker engine here, and Compose."""
    if not shutil.which("docker"):
        return False
    commands = (["docker", "compose", "version"], ["docker", "info"])
    try:
        return all(
            subprocess.run(command, capture_output=True, check=False, timeout=15).returncode == 0
            for command in commands
        )
    except subprocess.TimeoutExpired:
        return False


def run_in_docker() -> int:
    env = {"COMPOSE_PROJECT_NAME": "bot-fleet-demo", **os.environ}
    try:
        print(
            "Starting it with Docker. The first time builds an image, for a minute or so.",
            flush=True,
        )
        if code := run(["docker", "compose", "up", "--build", "--detach", "--wait"], env):
            run(["docker", "compose", "logs", "--tail", "50"], env)
            return code
        where = {"health": published("bot", 8080, env), "sandbox": published("sandbox", 8081, env)}
        print(READY.format(folder=PROJECT.relative_to(ROOT), **where), flush=True)
        return run(["docker", "compose", "logs", "--follow", "--since", "0s"], env)
    finally:
        # In a session of its own: another Ctrl-C must not leave containers behind.
        down = ["docker", "compose", "down", "--volumes"]
        subprocess.run(down, cwd=PROJECT, env=env, check=False, start_new_session=True)


def published(service: str, port: int, env: Mapping[str, str]) -> str:
    """Say where a port of a service is on this machine."""
    command = ["docker", "compose", "port", service, str(port)]
    done = subprocess.run(command, cwd=PROJECT, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def run_natively() -> int:
    print("No Docker engine answers: starting it natively.", flush=True)
    return run(["make", "--no-print-directory", "dev"], os.environ)


def run(command: list[str], env: Mapping[str, str]) -> int:
    """Run it in the project; return its exit code. Ctrl-C ends it and raises Stopped."""
    if stop_asked.is_set():
        raise Stopped
    # In a session of its own: it hears of Ctrl-C from here.
    process = subprocess.Popen(command, cwd=PROJECT, env=env, start_new_session=True)
    while not stop_asked.is_set():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=0.2)
    end(process)
    raise Stopped


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it and what it runs, gently if it can."""
    deadline = time.monotonic() + KILL_AFTER
    while process.poll() is None:
        late = time.monotonic() > deadline
        os.killpg(process.pid, signal.SIGKILL if late else signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_AGAIN_AFTER)


if __name__ == "__main__":
    sys.exit(main())
