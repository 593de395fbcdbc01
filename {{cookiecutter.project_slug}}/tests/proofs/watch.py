"""What tests see of a running service: its health, the turns of `app.py`, its CPU time, its log."""

import asyncio
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import redis.asyncio

from fleet.shards.replicas import Replicas
from sandbox.client import SandboxClient
from tests.process import Process
from tests.waiting import until

APP = "tests.proofs.app"


def times_of_death(service: Process) -> list[float]:
    """Tell when, in seconds since the epoch, the replica's log says that others may take it for
    dead, or have: it was silent for long, paused or starved."""
    signs = ("others may take this replica for dead", "a shard is another replica's now")
    lines = [line for line in service.log.splitlines() if any(sign in line for sign in signs)]
    return [datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp() for line in lines]


Json = dict[str, Any]
Conversation = tuple[int, int]
"""Bot and user, in their private chat."""

_BOT_IDS = count(5000001)


def new_token() -> str:
    """Make the token of a bot that no other test uses."""
    return f"{next(_BOT_IDS)}:{'w' * 35}"


def id_of(token: str) -> int:
    return int(token.partition(":")[0])


async def new_bots(sandbox: SandboxClient, number: int = 1) -> tuple[list[int], str]:
    """Make such bots known to the sandbox: their ids, and BOT_TOKENS."""
    tokens = [new_token() for _ in range(number)]
    return [await sandbox.add(token) for token in tokens], " ".join(tokens)


async def get(service: Process, path: str = "/health") -> tuple[int, Json]:
    """Ask a replica: status and body."""
    async with aiohttp.ClientSession() as http, http.get(service.url + path) as answer:
        return answer.status, await answer.json()


async def bots_of(service: Process) -> dict[int, Json]:
    """Ask a replica how the bots are, by their ids."""
    return {bot["id"]: bot for bot in (await get(service))[1]["bots"]}


async def until_in(state: str, service: Process, bot: int | None = None) -> Json:
    """Wait until a bot, the only one if none is named, is in that state; give what is told."""

    async def in_state() -> Json:
        bots = await bots_of(service)
        [told] = bots.values() if bot is None else [bots[bot]]
        return told if told["state"] == state else {}

    return await until(in_state, f"bot {bot or ''} is {state}")


async def until_unready(service: Process) -> None:
    """Wait for a replica that stops to say so; only where its beats are late is Redis away, too."""
    wanted = 503, {"ready": False, "redis": True, "accepting": False}

    async def unready() -> bool:
        return await get(service, "/health/ready") == wanted

    await until(unready, "/health/ready answers 503")


async def until_held(client: "redis.asyncio.Redis", names: set[str]) -> list[str]:
    """Wait until these replicas share the shards evenly; tell who holds each."""

    async def shared() -> list[str]:
        holders = await Replicas(client, 64).holders()
        counts = Counter(holders)
        is_even = counts.keys() == names and max(counts.values()) - min(counts.values()) <= 1
        return holders if is_even else []

    return await until(shared, "the shards are shared evenly")


async def until_logged(service: Process, text: str) -> None:
    """Wait until the replica's log holds `text`."""

    async def logged() -> bool:
        return text in service.log

    await until(logged, f"the log says {text!r}")


def complaints(log: str) -> list[str]:
    """Lines in which Python or a library says that something was not ended properly."""
    signs = ("unclosed", "never retrieved", "never awaited", "it is pending", "Traceback")
    return [line for line in log.splitlines() if any(sign in line for sign in signs)]


def cpu_seconds(service: Process) -> float:
    """CPU time that the process has used so far. Source: proc(5), fields 14 and 15."""
    fields = Path(f"/proc/{service.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(service: Process) -> int:
    """Tell the bytes of memory that the process has for itself: no files, of which it sees more
    the longer it runs. Source: proc(5), `RssAnon` of `status`."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    [kilobytes] = re.findall(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
    return 1024 * int(kilobytes)


class Turns:
    """The turns that handlers of `app.py` noted, by conversation and in the order of time."""

    def __init__(self, client: "redis.Redis") -> None:
        # A note whose answer was lost is written again, the same to the last digit of its time.
        notes = {bytes(note) for note in client.lrange("turns", 0, -1)}  # type: ignore[union-attr]
        self.entries: list[Json] = sorted(map(json.loads, notes), key=lambda note: note["at"])

    def noted(self, what: str, **wanted: Any) -> list[Json]:
        """Entries of one kind, `start` or `end`, that have these values."""
        return [
            entry
            for entry in self.entries
            if entry["what"] == what and wanted.items() <= entry.items()
        ]

    def overlaps(self) -> list[tuple[Json, Json]]:
        """Pairs of entries that show two turns of one conversation at once.

        A turn that Redis interrupted is begun again, here or elsewhere. It must not end then where
        it was begun before.
        """
        found = []
        open_turns: dict[Conversation, Json] = {}
        for entry in self.entries:
            conversation = entry["bot"], entry["user"]
            holder = open_turns.get(conversation)
            if entry["what"] == "start":
                if holder and holder["text"] != entry["text"]:
                    found.append((holder, entry))
                open_turns[conversation] = entry
            else:
                if not holder or holder["process"] != entry["process"]:
                    found.append((holder or entry, entry))
                open_turns.pop(conversation, None)
        return found


def turns(url: str) -> Turns:
    """Read what the turns left in this Redis."""
    with redis.Redis.from_url(url, socket_timeout=60) as client:
        return Turns(client)


def let_go(url: str, key: str = "go-on") -> None:
    """End the turns that `wait` for this key."""
    with redis.Redis.from_url(url, socket_timeout=60) as client:
        client.set(key, 1)


async def until_started(url: str, text: str, number: int = 1) -> list[Json]:
    """Wait for so many turns of messages with this text to be in a handler's hands."""

    async def started() -> list[Json]:
        found = turns(url).noted("start", text=text)
        return found if len(found) >= number else []

    return await until(started, f"{number} turns of {text!r} have started")


async def until_echoed(
    sandbox: SandboxClient, sent: Mapping[Conversation, list[str]]
) -> dict[Conversation, list[str]]:
    """Wait, as long as echoes come, until every message has one; give all that came, by chat."""
    echoes: dict[Conversation, list[str]] = {}

    async def complete() -> bool:
        for (bot, user), texts in sent.items():
            if not set(texts) <= set(echoes.get((bot, user), ())):
                chat = await sandbox.messages(bot, user)
                echoes[bot, user] = [one["text"] for one in chat if one["from"]["is_bot"]]
        return all(set(texts) <= set(echoes[chat]) for chat, texts in sent.items())

    async def come() -> int:
        return sum(map(len, echoes.values()))

    await until(complete, "every message has its echo", moving=come)
    return echoes


class Users:
    """They write to all bots, in turn and without a pause longer than a quarter of a second.

    No two of a user's messages are alike; every tenth is work for a third of a second.
    """

    def __init__(self, sandbox: SandboxClient, bots: Iterable[int], users: int = 3) -> None:
        self.sent: dict[Conversation, list[str]] = defaultdict(list)
        self._sandbox = sandbox
        self._conversations = [(bot, user) for bot in bots for user in range(1, users + 1)]
        self._numbers = count(1)

    async def write(self) -> None:
        """Write once to each bot, each user."""
        number = next(self._numbers)
        text = f"sleep {0.3 + number / 100_000:.5f}" if number % 10 == 0 else str(number)
        await self.all_say(text)

    async def all_say(self, text: str) -> None:
        for bot, user in self._conversations:
            await self.say(bot, user, text)

    async def say(self, bot: int, user: int, text: str) -> None:
        self.sent[bot, user].append(text)
        await self._sandbox.send(bot, text, user_id=user)

    async def write_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self.write()
            await asyncio.sleep(0.25)

    async def until_answered(self) -> None:
        """Wait for every echo; check that each chat's echoes came in the order of its messages.

        An echo may come twice, but not after that of a later message: at least once, in order.
        """
        for (bot, user), echoes in (await until_echoed(self._sandbox, self.sent)).items():
            places = [self.sent[bot, user].index(echo) for echo in echoes]
            assert places == sorted(places), f"bot {bot}, user {user}: {echoes}"
