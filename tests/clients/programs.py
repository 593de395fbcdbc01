"""What test_clients.py and test_conformance.py run: the sandbox and the bots, as real processes."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from demo import ROOT

HERE = Path(__file__).resolve().parent
INSTALLED = ROOT / "build" / "clients"
"""Where npm puts grammY and axe-core, once."""
SILENT = 2.0
"""Seconds that it may take without a word."""
INHERITED = ("PATH", "HOME", "TMPDIR")
HOST = re.compile(r"https?://([^/\s\"'?]+)")


class Program:
    """A process, started at once; its output goes to a file. It gets none of the developer's own
    settings, and no proxies."""

    def __init__(self, command: Sequence[str], folder: Path, log: Path, **settings: str) -> None:
        self._log = log
        env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**env, "PYTHONDONTWRITEBYTECODE": "1", **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        """All that it has written so far."""
        return self._log.read_text(errors="replace")

    @property
    def hosts(self) -> set[str]:
        """Of every address in the log."""
        return set(HOST.findall(self.log))

    def wait_until(self, check: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait until `check` is true. Fail with the log after so many seconds, or if it ends."""
        deadline = time.monotonic() + seconds
        while not check():
            assert self._process.poll() is None, f"it ended before this: {what}\n{self.log}"
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{self.log}"
            time.sleep(0.05)

    def end(self, seconds: float = 20.0) -> int:
        """Send SIGTERM, wait for the end and return the exit code. Raises TimeoutExpired."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        finally:
            self._process.kill()
            self._process.wait()


class Sandbox:
    """The control API of a sandbox at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.host = url.rpartition("/")[2]

    def ask(self, command: str, **arguments: Any) -> Any:
        """`POST /sandbox/<command>`. Fail with the sandbox's words if it refuses."""
        request = urllib.request.Request(
            f"{self.url}/sandbox/{command}", data=json.dumps(arguments).encode(), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{command}: {error.read().decode()}") from None

    def file(self, file_id: str) -> bytes:
        """What is in a file of a message."""
        with urllib.request.urlopen(f"{self.url}/sandbox/files/{file_id}", timeout=60) as answer:
            return bytes(answer.read())


@contextlib.contextmanager
def serving(folder: Path, log: Path) -> Iterator[Sandbox]:
    """The sandbox of a project as a process."""
    server = Program([sys.executable, "-m", "sandbox"], folder, log, SANDBOX_PORT="0")
    try:
        server.wait_until(lambda: "Ctrl-C" in server.log, "the sandbox says where it is")
        address = re.search(r"http://\S+", server.log)
        assert address
        yield Sandbox(address[0])
    finally:
        code = server.end()
        print(server.log)
    assert code == 0


def ptb_command() -> list[str]:
    """How to start the bot on python-telegram-bot."""
    return [sys.executable, str(HERE / "ptb_bot.py")]


def grammy_command(say: Callable[[str], None]) -> list[str]:
    """How to start the bot on grammY, once that is installed."""
    # Node.js looks for packages beside the script.
    return ["node", str(shutil.copy(HERE / "grammy_bot.mjs", packages(say)))]


def packages(say: Callable[[str], None]) -> Path:
    """The folder with the packages of npm, installed once; `say` it if this takes long."""
    lock, done = HERE / "package-lock.json", INSTALLED / "done.json"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(HERE / name, INSTALLED)
        run(["npm", "ci", "--no-audit", "--no-fund"], INSTALLED, say)
        shutil.copy(lock, done)
    return INSTALLED


def run(command: list[str], folder: Path, say: Callable[[str], None]) -> None:
    """Run it to its end; `say` what runs if that takes long. Fail with its output if it fails."""
    process = subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        output, _ = process.communicate(timeout=SILENT)
    except subprocess.TimeoutExpired:
        say(f"{' '.join(command)} in {folder.relative_to(ROOT)}, once")
        output, _ = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, output
