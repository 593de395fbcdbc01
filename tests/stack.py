"""The baked project, run with Docker Compose for a test."""

import json
import os
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GRACE = 30
"""Seconds from SIGTERM to SIGKILL, in compose.yaml."""
UP = ("up", "--detach", "--build", "--wait", "--wait-timeout", "120")


class Stack:
    """One Compose project, with a name and ports of its own: any number may run side by side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{folder.name}-{uuid.uuid4().hex[:8]}"
        self._env = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self.name,
            "BUILDKIT_PROGRESS": "plain",
            # 0: any free one
            "SANDBOX_PORT": "0",
            "HEALTH_PORTS": "0",
        }

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run `docker compose` and return what it writes, errors too."""
        done = subprocess.run(
            ["docker", "compose", "--ansi", "never", *arguments],
            cwd=self.folder,
            env=self._env,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if check and done.returncode:
            command = " ".join(arguments)
            raise AssertionError(f"docker compose {command}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def shell(self, service: str, command: str, *, check: bool = True) -> str:
        """Run a shell command in the first container of a service; return what it writes."""
        return self.compose("exec", "--no-TTY", service, "sh", "-c", command, check=check).strip()

    def container(self, service: str) -> dict[str, Any]:
        """What the engine knows of the first container of a service, also of one that has ended."""
        ids = self.compose("ps", "--all", "--quiet", service).split()
        return inspect(ids[0])

    def address(self, service: str, port: int, index: int = 1) -> str:
        """Host and port where a port of a service is published."""
        return self.compose("port", "--index", str(index), service, str(port)).strip()

    def health(self, index: int = 1) -> dict[str, Any]:
        """How a replica says it is. Raises OSError if it does not answer, or not with 200."""
        address = self.address("bot", 8080, index)
        with urllib.request.urlopen(f"http://{address}/health", timeout=5) as answer:
            return dict(json.load(answer))


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Build and start the project; remove all of it at the end."""
    stack = Stack(folder)
    try:
        try:
            stack.compose(*UP)
        except AssertionError:
            print(stack.compose("ps", "--all", check=False), stack.compose("logs", check=False))
            raise
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")


def inspect(name: str) -> dict[str, Any]:
    """What the engine knows of a container or an image."""
    return dict(json.loads(output("docker", "inspect", name))[0])


def output(*command: str) -> str:
    """Run it; return what it writes to stdout."""
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout.strip()
