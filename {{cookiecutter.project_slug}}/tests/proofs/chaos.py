"""Replicas, a Redis that keeps its data, users who write, and somebody who kills."""

import asyncio
import itertools
import random
import signal
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.chats import unhandled
from tests.proofs.mail import text
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import memory

BOTS = 6
USERS = range(1, 9)
GROUP = -100
"""The chat in which every third user writes; the others write in private."""
PAUSE = 20.0
"""Seconds for which a replica is paused: longer than it takes until others count it as dead."""
FEWEST, MOST = 2, 4
"""Replicas that are not paused."""
MOST_UNHANDLED = 1_000
"""Updates that wait before the users do."""

Conversation = tuple[int, int, int]
"""Bot, chat, user."""
Span = tuple[float, float]
"""From when to when, in seconds since the epoch."""
_bot_ids = itertools.count(3500001)


@dataclass
class Chaos:
    """Replicas, a Redis that keeps its data, users who write, and somebody who kills."""

    sandbox: SandboxClient
    start_service: StartService
    redis: RedisServer
    random: random.Random
    settings: dict[str, str] = field(default_factory=dict)
    """Further ones of the replicas."""
    offers_again: bool = True
    """Whether Telegram sometimes offers updates that it has offered before."""
    replicas: list[Process] = field(default_factory=list)
    """Those that run."""
    started: dict[int, Process] = field(default_factory=dict)
    """All that ever ran."""
    killed: dict[int, float] = field(default_factory=dict)
    """When each killed process was killed."""
    stopped: int = 0
    """How many were told to stop."""
    pauses: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    """When each process was paused."""
    outages: list[Span] = field(default_factory=list)
    """When Redis was away."""
    most_memory: int = 0
    """Bytes that a replica has had."""
    sent: dict[Conversation, list[str]] = field(default_factory=lambda: defaultdict(list))
    offered_again: int = 0

    def __post_init__(self) -> None:
        self.bots = [next(_bot_ids) for _ in range(BOTS)]
        self.tokens = [f"{bot}:{'k' * 35}" for bot in self.bots]
        self._updates: dict[int, list[dict[str, Any]]] = {bot: [] for bot in self.bots}
        self._next_id = {bot: self.random.randrange(10**8, 10**9) for bot in self.bots}
        self._serials = itertools.count(1)

    async def start_replica(self) -> Process:
        replica = await self.start_service(
            "tests.proofs.app",
            wait=False,
            BOT_TOKENS=" ".join(self.tokens),
            REDIS_URL=self.redis.url,
            MAX_ATTEMPTS="1000",  # here it is never the update's fault
            **self.settings,
        )
        self.replicas.append(replica)
        self.started[replica.pid] = replica
        return replica

    # Users

    async def write_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            if await self._is_behind():
                await asyncio.sleep(1)
                continue
            for _ in range(20):
                await self.write(self.random.choice(self.bots))
                await asyncio.sleep(self.random.uniform(0.02, 0.15))  # the pace of the users

    async def _is_behind(self) -> bool:
        """Tell whether the machine has too much other work for this pace."""
        try:
            return await unhandled(self.sandbox, self.bots, self.redis) > MOST_UNHANDLED
        except RedisError:  # it is just being killed
            return False

    async def write(self, bot: int) -> None:
        """Some users write; sometimes Telegram offers older updates once more with theirs."""
        again = self.offers_again and self.random.random() < 0.3
        updates = self._updates[bot][-self.random.randint(1, 20) :] if again else []
        self.offered_again += len(updates)
        new = [self._message(bot) for _ in range(self.random.randint(1, 6))]
        await self.sandbox.push(bot, [*updates, *new])
        self._updates[bot] += new

    def _message(self, bot: int) -> dict[str, Any]:
        user, serial = self.random.choice(USERS), next(self._serials)
        chat = GROUP if user % 3 == 0 else user
        # Half of the turns take up to 0.9 s, so that a kill hits some of them. No text comes twice.
        words = f"hello {serial}"
        if self.random.random() < 0.5:
            words = f"sleep 0.{self.random.randint(0, 8)}{serial:07d}"
        self._next_id[bot] += 1
        self.sent[bot, chat, user].append(words)
        return text(self._next_id[bot], words, user=user, chat=chat)

    # Those who kill

    async def kill_replica(self) -> None:
        """Kill one at a random moment of its life."""
        victim = self._choose()
        await victim.kill()
        self.killed[victim.pid] = time.time()

    async def stop_replica(self) -> None:
        victim = self._choose()
        self.stopped += 1
        code = await victim.stop()
        # One that has just begun to load cannot hear of it yet.
        assert code == 0 or '"started"' not in victim.log

    async def pause_replica(self) -> None:
        """Let one sleep until others have taken what it holds; then it wakes."""
        victim, begin = self._choose(), time.time()
        victim.signal(signal.SIGSTOP)
        await asyncio.sleep(PAUSE)
        victim.signal(signal.SIGCONT)
        self.pauses[victim.pid].append((begin, time.time()))
        self.replicas.append(victim)

    def _choose(self) -> Process:
        victim = self.replicas.pop(self.random.randrange(len(self.replicas)))
        self.most_memory = max(self.most_memory, memory(victim))
        return victim

    async def kill_redis(self) -> None:
        gone = time.time()
        await asyncio.to_thread(self.redis.kill)
        await asyncio.sleep(self.random.uniform(0, 1.5))
        await asyncio.to_thread(self.redis.start)
        self.outages.append((gone, time.time()))

    async def come_and_go(self, seconds: float) -> None:
        """Every few seconds one is killed, stopped, paused or started, so that shards move."""
        end = time.monotonic() + seconds
        pause = asyncio.create_task(self.pause_replica())
        async with asyncio.TaskGroup() as stops:
            while time.monotonic() < end:
                await asyncio.sleep(self.random.uniform(1, 3))
                if pause.done() and time.monotonic() + PAUSE < end:
                    await pause
                    pause = asyncio.create_task(self.pause_replica())
                if len(self.replicas) < FEWEST:
                    await self.start_replica()
                    continue
                match self.random.choice(["kill", "stop", "start"]):
                    case "kill":
                        await self.kill_replica()
                    case "stop":
                        stops.create_task(self.stop_replica())
                    case "start" if len(self.replicas) < MOST:
                        await self.start_replica()
            await pause

    async def strike(self, victims: str, seconds: float) -> None:
        """Kill a replica, for which another one starts, or Redis, or both at once."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(self.random.uniform(0.5, 4))
            strikes = [self.kill_redis]
            if victims == "both":
                await self.start_replica()
                strikes.append(self.kill_replica)
                self.random.shuffle(strikes)
            await asyncio.gather(*(strike() for strike in strikes))

    # What came of it

    def __str__(self) -> str:
        """Sum up what happened."""
        return (
            f"{sum(map(len, self.sent.values()))} updates in {len(self.sent)} conversations,"
            f" {self.offered_again} offered again; {len(self.started)} replicas,"
            f" {len(self.killed)} killed, {self.stopped} stopped,"
            f" {sum(map(len, self.pauses.values()))} paused;"
            f" Redis killed {len(self.outages)} times; up to {self.most_memory >> 20} MB a replica"
        )
