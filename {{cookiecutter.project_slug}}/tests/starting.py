"""Starts `python -m module`; on Linux without loading the libraries anew: see `tests.warm`."""

import atexit
import functools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
_INHERITED = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT")


class Started(Protocol):
    """A process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int, /) -> None: ...


def start(
    module: str,
    *arguments: str,
    folder: Path,
    env: Mapping[str, str],
    files: Sequence[IO[Any] | int],
    leads: bool = False,
) -> Started:
    """Start it.

    Args:
        module: its name.
        arguments: those of its command line.
        folder: its working directory.
        env: its variables, beside those of `environment`.
        files: its stdin, stdout and stderr.
        leads: whether it gets a session of its own.
    """
    # What Python itself looks at, it must find when it starts.
    if sys.platform == "linux" and not any(name.startswith("PYTHON") for name in env):
        import resource  # noqa: PLC0415 - not to be had on Windows

        numbers = [one if isinstance(one, int) else one.fileno() for one in files]
        request = {
            "module": module,
            "arguments": arguments,
            "folder": str(folder),
            "env": environment(env),
            "files": resource.getrlimit(resource.RLIMIT_NOFILE),
            "leads": leads,
        }
        return _warm().fork(request, numbers)
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment(env),
        stdin=files[0],
        stdout=files[1],
        stderr=files[2],
        start_new_session=leads,
    )


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of a process: these variables, and none of the developer's settings."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "PYTHONPATH": str(ROOT), **env}


class _Forked:
    def __init__(self, pid: int, warm: "_Warm") -> None:
        self.pid = pid
        self._warm = warm

    def poll(self) -> int | None:
        return self._warm.code_of(self.pid)

    def send_signal(self, sig: int, /) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(self.pid, sig)


class _Warm:
    """The process that forks for this one, for as long as this one lives."""

    def __init__(self) -> None:
        self._asks, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._codes: dict[int, int] = {}
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(other.fileno())],
                cwd=ROOT,
                env=environment({}),
                stdin=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._asks.close()
        self._process.wait()

    def fork(self, request: dict[str, Any], files: list[int]) -> _Forked:
        socket.send_fds(self._asks, [json.dumps(request).encode()], files)
        while (pid := self._hear(0)) is None:
            pass
        self._codes.pop(pid, None)  # of another one that had this number
        return _Forked(pid, self)

    def code_of(self, pid: int) -> int | None:
        with suppress(BlockingIOError):
            while True:
                self._hear(socket.MSG_DONTWAIT)
        return self._codes.get(pid)

    def _hear(self, flags: int) -> int | None:
        """Return the number of a process that has started; note the code of one that has ended."""
        answer = self._asks.recv(1000, flags)
        if not answer:
            raise RuntimeError(f"tests.warm ended with code {self._process.wait()}")
        pid, *codes = json.loads(answer)
        if not codes:
            return int(pid)
        [self._codes[pid]] = codes
        return None


@functools.cache
def _warm() -> _Warm:
    return _Warm()
