"""A Redis of the test's own: to stop, kill, pause and start again with the data it kept."""

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis

from sandbox.redis import find_program
from tests.process import free_port


class RedisServer:
    """A Redis that keeps its data as the project's compose.yaml wants it, but syncs every write.

    It is not running yet; `start` it. Further `options` are those of the command line.
    """

    def __init__(self, folder: Path, *options: str, password: str | None = None) -> None:
        self.port = free_port()
        self.password = password
        self._folder = folder
        self._options = options or ("--appendonly", "yes", "--appendfsync", "always")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, without the password."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> "redis.Redis":
        """Make a client that knows the password; close it."""
        return redis.Redis.from_url(self.url, password=self.password, socket_timeout=60)

    def arguments(self) -> list[str]:
        """Give those of its command line."""
        arguments = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        arguments += ["--dir", str(self._folder), *self._options]
        if self.password is not None:
            arguments += ["--requirepass", self.password]
        return arguments

    def start(self) -> None:
        """Start it on its data; return when it answers."""
        command = [find_program(), *self.arguments()]
        with Path(self._folder, "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        while self._process.poll() is None:
            with contextlib.suppress(redis.ConnectionError), self.client() as client:
                client.ping()
                return
            time.sleep(0.02)
        raise RuntimeError(f"Redis has ended: {Path(self._folder, 'redis.log').read_text()}")

    def stop(self) -> None:
        """Shut it down in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as kill -9 does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: it accepts connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)
        self._process.wait()
        self._process = None

    def refuses_connections(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0
