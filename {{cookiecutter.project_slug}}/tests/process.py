"""Modules of this project, run as real processes."""

import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from tests.starting import Started, start
from tests.waiting import until


def free_port() -> int:
    """Find a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """`python -m module`, started at once; its output goes to a file.

    It gets the variables of `env` and none of the developer's own settings: neither those of the
    shell nor those of `.env`, which is looked for in the working directory, and that is `folder`.
    """

    def __init__(self, module: str, folder: Path, env: Mapping[str, str], *, url: str) -> None:
        """Start it; `url` is where it will answer."""
        self.module = module
        self.url = url
        self.log_file = folder / f"{module}-{url.rpartition(':')[2]}.log"
        self._shown = 0
        with self.log_file.open("wb") as output, Path(os.devnull).open("rb") as nothing:
            self._started = start(module, folder=folder, env=env, files=[nothing, output, output])

    @property
    def pid(self) -> int:
        return self._started.pid

    @property
    def log(self) -> str:
        """Everything it has written so far, stdout and stderr."""
        return self.log_file.read_text(errors="replace")

    def new_log(self) -> str:
        """What it has written since this was last asked."""
        log = self.log
        new, self._shown = log[self._shown :], len(log)
        return new

    async def wait_ready(self, path: str = "/health/ready") -> None:
        """Wait until it answers 200 at `path`. Fail at once, with its log, if it ends instead."""
        async with aiohttp.ClientSession() as http:

            async def ready() -> bool:
                if (code := self._started.poll()) is not None:
                    raise RuntimeError(f"{self.module} ended with code {code}:\n{self.log}")
                try:
                    async with http.get(self.url + path) as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await until(ready, f"{self.module} answers 200 at {path}")

    def signal(self, number: signal.Signals) -> None:
        self._started.send_signal(number)

    async def wait(self, *, within: float | None = None) -> int:
        """Wait for its end and return its exit code; `within` as in `until`."""
        return await until_ended(self._started, self.module, within=within)

    async def stop(self) -> int:
        """Send SIGTERM, wait for the end and return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.wait()

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end. Does nothing to a process that has ended."""
        self._started.send_signal(signal.SIGKILL)
        await self.wait()


async def until_ended(started: Started, name: str, *, within: float | None = None) -> int:
    """Wait for the end of a process and return its exit code; `within` as in `until`."""

    async def code() -> tuple[int, ...]:
        found = started.poll()
        return () if found is None else (found,)

    return (await until(code, f"{name} ends", within=within))[0]


def service_process(
    module: str, folder: Path, redis_url: str, telegram_url: str, **settings: str
) -> Process:
    """Start `python -m module` with these settings, on a port of its own or on HTTP_PORT."""
    port = int(settings.get("HTTP_PORT") or free_port())
    env = {
        "REDIS_URL": redis_url,
        "TELEGRAM_API_URL": telegram_url,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "LOG_FORMAT": "json",
        # After an outage few users have written hundreds of times, and nothing may be missing.
        "USER_LIMIT": "1000000",
        # Few users get all that the proofs say.
        "CHAT_RATE": "0",
        "GROUP_RATE": "0",
        **settings,
    }
    return Process(module, folder, env, url=f"http://127.0.0.1:{port}")
