"""The command line, run as a real process, without a terminal or on one of its own."""

import os
import pty
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from tests.process import until_ended
from tests.starting import start
from tests.waiting import until

COMMAND = "fleet"


@dataclass(frozen=True)
class Result:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class CommandLine:
    """`fleet …` with the settings `env` and in the working directory `folder`."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = env
        self.said = ""
        """All that the commands have written."""

    def changed(self, **env: str) -> "CommandLine":
        """Give another one, with these settings changed."""
        return CommandLine(self.folder, {**self.env, **env})

    async def __call__(self, *arguments: str, stdin: str = "") -> Result:
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin.encode())
            given.seek(0)
            files = [given, out, err]
            process = start(COMMAND, *arguments, folder=self.folder, env=self.env, files=files)
            code = await until_ended(process, COMMAND)
            for file in (out, err):
                file.seek(0)
            result = Result(code, out.read().decode(), err.read().decode())
        self.said += result.out + result.err
        return result

    async def ok(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must succeed, and return what it said."""
        result = await self(*arguments, stdin=stdin)
        assert result.code == 0, result
        assert not result.err, result
        return result.out

    async def json(self, *arguments: str) -> Any:
        """Run a command that must print JSON."""
        return orjson.loads(await self.ok(*arguments, "--json"))


class Terminal:
    """A command on a terminal of its own, killed at the end of the block."""

    def __init__(self, command_line: CommandLine, *arguments: str) -> None:
        self.screen = ""
        """All that it has written."""
        self._own, other = pty.openpty()
        self._process = start(
            COMMAND,
            *arguments,
            folder=command_line.folder,
            env={**command_line.env, "TERM": "xterm", "COLUMNS": "160"},
            files=[other, other, other],
            leads=True,
        )
        os.close(other)
        os.set_blocking(self._own, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGKILL)
        while self._process.poll() is None:
            time.sleep(0.01)
        os.close(self._own)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def expect(self, text: str) -> None:
        """Wait for a text that was not there when this was last called."""
        start = len(self.screen)

        async def shown() -> bool:
            self._read()
            return text in self.screen[start:]

        await until(shown, f"{text!r} on the screen", moving=self._shown)

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""

        async def code() -> tuple[int, ...]:
            self._read()
            found = self._process.poll()
            return () if found is None else (found,)

        [found] = await until(code, "the command ends", moving=self._shown)
        self._read()
        return found

    async def _shown(self) -> str:
        return self.screen

    def _read(self) -> None:
        try:
            while data := os.read(self._own, 65_536):
                self.screen += data.decode(errors="replace")
        except OSError:  # nothing more for now, or it has ended
            return
