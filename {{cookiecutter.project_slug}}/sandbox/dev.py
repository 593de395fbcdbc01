"""Run Redis, the sandbox and the bots without Docker; start the bots again when their code changes.

They have the settings of .env, but never its Redis, and never Telegram.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from watchfiles import Change, PythonFilter, awatch

from sandbox.address import DEFAULT_PORT, configured
from sandbox.environment import in_file, setting
from sandbox.redis import NoRedisError, redis_server
from sandbox.server import running

WATCHED = ("bot", "fleet")
DRAIN_TIMEOUT = 2
"""Seconds for turns in flight when the bots stop; longer ones are repeated after the start."""
KILL_AFTER = 10.0
"""Seconds for the bots to end after SIGTERM."""
POLL = 0.1
"""Seconds between two questions whether the bots are ready."""
WRONG_SETTING = 2
"""Exit code of the bots, and of this, when a setting is wrong."""

READY = """
Redis, the sandbox and the bots run.
  talk to the bots  {sandbox}    (in a browser; in a terminal, in {folder}: {chat})
  state of bots     {health}
  fleet commands    REDIS_URL={redis} .venv/bin/python -m fleet status
A change in bot/ or fleet/ starts the bots again. Ctrl-C ends everything.
"""


class Bots:
    """The process `python -m bot`."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """`settings` win over those of the environment."""
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> asyncio.Task[int]:
        """Start it. The task returned ends with it and gives its exit code."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot"),
            env={**os.environ, **self._settings},
            stdin=asyncio.subprocess.DEVNULL,
            process_group=0,  # Ctrl-C reaches it from here, once
        )
        self._process = process
        return asyncio.create_task(process.wait())

    async def stop(self) -> None:
        """End it, gracefully if it can. Does nothing if it has ended."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(KILL_AFTER):
                await self._process.wait()
        except TimeoutError:
            say(f"the bots do not end within {KILL_AFTER:g} s: killed")
            self._process.kill()
            await self._process.wait()


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C or SIGTERM.

    Exit code: 0 after that; 2 when something is missing or a setting is wrong; 1 when a part ends
    by itself.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox dev", description=__doc__)
    parser.parse_args(arguments)
    if not Path(".env").is_file() and not os.environ.get("BOT_TOKENS"):
        say("there is no .env in this folder: copy .env.example and do what it says")
        return 2
    try:
        return asyncio.run(develop())
    except NoRedisError as error:
        say(str(error))
        return 2
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        say(f"port {configured()[1]} is taken. Write another one into .env: SANDBOX_PORT=8082")
        return 2


async def develop() -> int:
    """Run everything; return the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with redis_server() as redis:
        host, port = configured()
        async with running(host, port, setting("BOT_TOKENS") or "") as sandbox:
            settings = native_settings(redis.url, sandbox)
            bots = Bots(settings)
            stopped = asyncio.create_task(stop.wait())
            redis_ended = asyncio.create_task(asyncio.to_thread(redis.process.wait))
            bots_ended = asyncio.create_task(keep_fresh(bots, settings))
            await asyncio.wait(
                (stopped, redis_ended, bots_ended), return_when=asyncio.FIRST_COMPLETED
            )
            if stopped.done():
                say("stopping")
                code = 0
            elif redis_ended.done():
                say(f"Redis ended with exit code {redis_ended.result()}; stopping the rest")
                code = 1
            else:
                say(f"the bots ended with exit code {bots_ended.result()}; stopping the rest")
                code = WRONG_SETTING if bots_ended.result() == WRONG_SETTING else 1
            bots_ended.cancel()
            await asyncio.wait([bots_ended])
            await bots.stop()
            return code


async def keep_fresh(bots: Bots, settings: Mapping[str, str]) -> int:
    """Start the bots, and again at every change.

    Return their exit code if they end though nothing was changed; bots that a change has broken
    wait for the next one.
    """
    changes = awatch(*WATCHED, watch_filter=PythonFilter(extra_extensions=(".lua",)))

    async def next_change() -> set[tuple[Change, str]]:
        return await anext(changes)

    ended = await bots.start()
    greeting = asyncio.create_task(greet(settings))
    changed = False
    try:
        while True:
            change = asyncio.create_task(next_change())
            await asyncio.wait((ended, change), return_when=asyncio.FIRST_COMPLETED)
            if not change.done():
                if not changed:
                    return ended.result()
                code = ended.result()
                say(f"the bots ended with exit code {code}; the next change starts them again")
            say(f"{names(await change)} changed: starting the bots again")
            changed = True
            await bots.stop()
            ended = await bots.start()
    finally:
        greeting.cancel()
        change.cancel()


async def greet(settings: Mapping[str, str]) -> None:
    """Wait until the bots are ready; say then what is where."""
    health = f"http://127.0.0.1:{settings['HTTP_PORT']}/health"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        ready = False
        while not ready:
            await asyncio.sleep(POLL)
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(f"{health}/ready") as answer:
                    ready = answer.ok
    sandbox = settings["TELEGRAM_API_URL"]
    port = urlsplit(sandbox).port
    known = in_file("SANDBOX_PORT") or DEFAULT_PORT  # to another terminal
    chat = "make chat" if str(port) == str(known) else f"SANDBOX_PORT={port} make chat"
    text = READY.format(
        chat=chat, folder=Path.cwd(), health=health, sandbox=sandbox, redis=settings["REDIS_URL"]
    )
    print(text, flush=True)


def native_settings(redis: str, sandbox: str) -> dict[str, str]:
    """Give the settings in which running here differs from running in Docker, as .env has it."""
    port = setting("HTTP_PORT") or "8080"
    settings = {
        "REDIS_URL": redis,
        "TELEGRAM_API_URL": sandbox,
        "TELEGRAM_API_LOCAL": "false",
        "TELEGRAM_PROXY": "direct",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": port,
        "DRAIN_TIMEOUT": str(DRAIN_TIMEOUT),
    }
    if setting("WEBHOOK_URL"):
        settings["WEBHOOK_URL"] = f"http://127.0.0.1:{port}"
    return settings


def names(changes: set[tuple[Change, str]]) -> str:
    return ", ".join(sorted({os.path.relpath(file) for _, file in changes}))


def say(text: str) -> None:
    print(f"dev: {text}", flush=True)
