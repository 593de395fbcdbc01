"""The world in a file: what was there before a restart is there after it.

Left out is what belongs to a process: who watches, the record of calls, faults, limits, and queries
that wait for an answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import pickle
import time
from collections import Counter, deque
from dataclasses import astuple, fields
from pathlib import Path
from typing import IO, Any

import aiohttp

from sandbox.errors import ControlError
from sandbox.methods.answer import again_for
from sandbox.methods.updates import make_webhook
from sandbox.world.bots import Bot
from sandbox.world.delivery import Address, Webhook, undelivered
from sandbox.world.events import Json
from sandbox.world.polls import begin
from sandbox.world.world import World

HEAD = b"The world of a Telegram sandbox, "
LEFT_OUT = {
    *("roles", "story", "events", "clock", "calls", "faults", "limits", "stopping"),
    *("inline_queries", "checkouts"),
}
PLAIN = {("collections", "deque"), ("collections", "OrderedDict"), ("datetime", "datetime")}
"""What the world is made of beside its own classes."""
PAUSE = 5.0
"""Seconds between two times that it is written, at least."""
SHARE = 20
"""The pause is so many times as long as writing took."""


class Packer(pickle.Pickler):
    """Leaves out what belongs to a process."""

    def __init__(self, file: IO[bytes], world: World) -> None:
        super().__init__(file, protocol=5)
        self._world = world

    def persistent_id(self, obj: object) -> tuple[object, ...] | None:
        """What stands for an object that is made anew."""
        if obj is self._world.events:
            return ("events",)
        if obj is self._world.clock:
            return ("clock",)
        match obj:
            case Webhook():
                return "webhook", astuple(obj.address), tuple(obj.done.elements())
            case itertools.count():
                return "count", next(obj)
            case asyncio.Future():
                return ("none",)
        return None


class Unpacker(pickle.Unpickler):
    """Takes classes of the world and nothing else, as a file might come from anywhere."""

    def __init__(self, file: IO[bytes], world: World) -> None:
        super().__init__(file)
        self._world = world

    def persistent_load(self, pid: Any) -> object:
        match pid:
            case ("events",):
                return self._world.events
            case ("clock",):
                return self._world.clock
            case ("webhook", address, done):
                return Address(*address), Counter(done)
            case ("count", number):
                return itertools.count(number)
        return None

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name.startswith("sandbox.world.") or (module_name, global_name) in PLAIN:
            return super().find_class(module_name, global_name)
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not of the world")


def save(world: World, path: Path) -> None:
    """Write the file, whole or not at all. Raises OSError."""
    state = {one.name: getattr(world, one.name) for one in fields(world)}
    kept = {name: value for name, value in state.items() if name not in LEFT_OUT}
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(head())
        Packer(file, world).dump(kept | {"ahead": world.clock.describe()["ahead"]})
    new.replace(path)


def load(world: World, path: Path, http: aiohttp.ClientSession) -> None:
    """Fill a world from the file, if there is one. Raises ControlError."""
    if not path.exists():
        return
    with path.open("rb") as file:
        if file.readline() != head():
            raise ControlError(
                f"{path} was not written by this version of the sandbox: "
                "delete it, or name another file"
            )
        try:
            state: Json = Unpacker(file, world).load()
        except Exception as error:
            raise ControlError(f"{path} is damaged ({error}): delete it") from error
    world.clock.advance(state.pop("ahead"))
    for name, value in state.items():
        setattr(world, name, value)
    for bot in world.bots.values():
        wake(world, bot, http)
    for poll in world.polls.values():
        stored = poll.chat.messages.get(poll.message_id)
        if stored and not stored.message["poll"]["is_closed"]:
            begin(world, stored.message["poll"], poll)


def wake(world: World, bot: Bot, http: aiohttp.ClientSession) -> None:
    """A bot is as it was, but nobody polls it yet."""
    bot.polled_at = float("-inf")
    unpacked: Any = bot.webhook  # see Unpacker
    if unpacked:
        address, done = unpacked
        bot.webhook = None
        bot.pending = deque(undelivered(bot.pending, done))
        bot.set_webhook(make_webhook(bot, http, address, again_for(world, bot, http)))


def head() -> bytes:
    """The first line of the file. Its classes change with their source."""
    sources = sorted((Path(__file__).parent / "world").glob("*.py"))
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sources))
    return HEAD + digest.hexdigest().encode() + b"\n"


async def keep(world: World, path: Path) -> None:
    """Write the file when something has happened, again and again."""
    with world.events.watch() as queue:
        while True:
            # Polls are calls, too, and change nothing.
            while (await queue.get())["event"] == "call":
                pass
            # What happens from here on is for the next time.
            while not queue.empty():
                queue.get_nowait()
            began = time.monotonic()
            save(world, path)
            await asyncio.sleep(max(PAUSE, SHARE * (time.monotonic() - began)))
