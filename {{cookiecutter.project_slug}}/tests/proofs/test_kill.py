"""Nothing accepted is lost, whoever is killed and whenever: guarantees 1, 2 and 3.

Each run prints its seed. CHAOS_SEED repeats its choices (not the machine's timing), CHAOS_ROUNDS
sets how many times somebody is killed.
"""

import asyncio
import itertools
import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.mail import keys_of_shards, text, waiting
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import was_taken_for_dead
from tests.waiting import until

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 4)
SOAK_ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 40)
BOTS = 6
USERS = range(1, 9)
GROUP = -100
"""The chat in which every third user writes; the others write in private."""
HAND_IN = 30.0
"""Seconds within which a turn that ended is handed in; a kill in between repeats it. It takes
milliseconds, but Redis may be away just then, and the machine busy."""

Conversation = tuple[int, int, int]
"""Bot, chat, user."""
_bot_ids = itertools.count(3500001)


@dataclass
class Attempt:
    """One turn, as its handler noted it."""

    conversation: Conversation
    text: str
    process: int
    start: float
    end: float | None = None


@dataclass
class Chaos:
    """Replicas, a Redis that keeps its data, users who write, and somebody who kills."""

    sandbox: SandboxClient
    start_service: StartService
    redis: RedisServer
    random: random.Random
    replicas: list[Process] = field(default_factory=list)
    """Those that run."""
    started: dict[int, Process] = field(default_factory=dict)
    """All that ever ran."""
    killed: dict[int, float] = field(default_factory=dict)
    """When each killed process was killed."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """From when to when Redis was away."""
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
        )
        self.replicas.append(replica)
        self.started[replica.pid] = replica
        return replica

    # Users

    async def write_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self.write(self.random.choice(self.bots))
            await asyncio.sleep(self.random.uniform(0.02, 0.15))  # the pace of the users

    async def write(self, bot: int) -> None:
        """Some users write; sometimes Telegram offers older updates once more with theirs."""
        again = self.random.random() < 0.3
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

    # The killer

    async def kill_replica(self) -> None:
        """Kill one at a random moment of its life and start another in its place."""
        victim = self.replicas.pop(self.random.randrange(len(self.replicas)))
        await victim.kill()
        self.killed[victim.pid] = time.time()
        await self.start_replica()

    async def kill_redis(self) -> None:
        gone = time.time()
        await asyncio.to_thread(self.redis.kill)
        await asyncio.sleep(self.random.uniform(0, 1.5))
        await asyncio.to_thread(self.redis.start)
        self.outages.append((gone, time.time()))

    async def strike(self, victims: str) -> None:
        await asyncio.sleep(self.random.uniform(0.5, 4))
        match victims:
            case "replicas":
                await self.kill_replica()
            case "redis":
                await self.kill_redis()
            case _:
                strikes = [self.kill_replica(), self.kill_redis()]
                self.random.shuffle(strikes)
                await asyncio.gather(*strikes)

    # What came of it

    async def until_handled(self) -> None:
        """Wait until Telegram has nothing more and every update had its turn."""
        with self.redis.client() as redis:

            async def left() -> int:
                bots = await self.sandbox.bots()
                pending = sum(int(bot["pending"]) for bot in bots if bot["id"] in self.bots)
                return pending + waiting(redis)

            async def handled() -> bool:
                return not await left()

            await until(handled, "nothing waits", moving=left)

    def attempts(self) -> dict[Conversation, list[Attempt]]:
        """Tell the turns of each conversation in the order in which they began."""
        with self.redis.client() as redis:
            # A reply that was lost with Redis makes the client send the same entry again.
            entries = dict.fromkeys(redis.lrange("turns", 0, -1))
        attempts: dict[Conversation, list[Attempt]] = defaultdict(list)
        latest: dict[tuple[int, str], Attempt] = {}
        for entry in map(json.loads, entries):
            conversation = entry["bot"], entry["chat"], entry["user"]
            key = entry["process"], entry["text"]
            if entry["what"] == "start":
                latest[key] = Attempt(conversation, entry["text"], entry["process"], entry["at"])
                attempts[conversation].append(latest[key])
            else:
                latest[key].end = entry["at"]
        for turns in attempts.values():
            turns.sort(key=lambda attempt: attempt.start)
        return attempts

    async def check(self) -> str:
        """Check the guarantees; sum up what happened."""
        attempts = self.attempts()
        for conversation, texts in self.sent.items():
            turns = attempts[conversation]
            assert {turn.text for turn in turns if turn.end} == set(texts), "a turn without an end"
            first_starts = list(dict.fromkeys(turn.text for turn in turns))
            assert first_starts == texts, f"lost or out of order in {conversation}"
            order = [texts.index(turn.text) for turn in turns]
            assert order == sorted(order), f"an older message came again in {conversation}"
            for turn, following in itertools.pairwise(turns):
                assert self._over_before(turn, following), f"at once: {turn}, {following}"
                if turn.text == following.text:
                    assert self._was_cut(turn, following), f"repeated: {turn}, {following}"
        assert attempts.keys() == self.sent.keys()
        for bot in self.bots:
            await self._check_echoes(bot, attempts)
        with self.redis.client() as redis:
            assert not keys_of_shards(redis, "dead", "mail", "ready", "begun", "tries")
        sent = sum(map(len, self.sent.values()))
        turns_taken = sum(map(len, attempts.values()))
        return (
            f"{sent} updates in {len(self.sent)} conversations, {self.offered_again} offered again;"
            f" {len(self.killed)} replicas killed, Redis {len(self.outages)} times;"
            f" {turns_taken - sent} turns repeated"
        )

    def _over_before(self, turn: Attempt, following: Attempt) -> bool:
        """Whether a turn was over when the conversation's next one began."""
        if turn.end is not None:
            return turn.end <= following.start
        if turn.process == following.process or self._redis_was_away(turn, following):
            return True  # Redis interrupted it: it began again, perhaps at its shard's next holder
        killed = self.killed.get(turn.process)
        return (killed is not None and killed <= following.start) or self._was_starved(turn)

    def _was_cut(self, turn: Attempt, following: Attempt) -> bool:
        """Whether there was a reason to repeat a turn: its process or Redis died during it."""
        # Even if its end is noted: the reply to that note was perhaps lost.
        if self._redis_was_away(turn, following):
            return True
        if turn.process == following.process:
            return False
        killed = self.killed.get(turn.process)
        cut = killed is not None and killed <= (turn.end or killed) + HAND_IN
        return cut or self._was_starved(turn)

    def _redis_was_away(self, turn: Attempt, following: Attempt) -> bool:
        return any(gone <= following.start and turn.start <= back for gone, back in self.outages)

    def _was_starved(self, turn: Attempt) -> bool:
        """Whether its process got so little of the machine that others took it for dead."""
        return was_taken_for_dead(self.started[turn.process])

    async def _check_echoes(self, bot: int, attempts: dict[Conversation, list[Attempt]]) -> None:
        """Check what Telegram saw: every message was answered, in order, once for each turn."""
        # Not the chats: there, ids that the test made up may replace those of echoes.
        calls = await self.sandbox.calls(bot, "sendMessage")
        echoes = [call["params"]["text"] for call in calls if call["status"] == 200]
        for conversation, texts in self.sent.items():
            if conversation[0] == bot:
                own = [echo for echo in echoes if echo in set(texts)]
                assert list(dict.fromkeys(own)) == texts
                turns = [turn.text for turn in attempts[conversation]]
                assert all(own.count(text) <= turns.count(text) for text in texts)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def chaos(
    sandbox: SandboxClient, start_service: StartService, redis_server: RedisServer
) -> Chaos:
    choices = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    chaos = Chaos(sandbox, start_service, redis_server, choices)
    for token in chaos.tokens:
        await sandbox.add(token)
    return chaos


async def rage(chaos: Chaos, victims: str, rounds: int) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={rounds}")  # noqa: T201 - to repeat it
    for replica in [await chaos.start_replica() for _ in range(2)]:
        await replica.wait_ready()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(chaos.write_until(over))
        for _ in range(rounds):
            await chaos.strike(victims)
        over.set()
    last_strike = time.monotonic()
    await chaos.until_handled()
    settled = time.monotonic() - last_strike
    print(await chaos.check(), f"all handled {settled:.0f} s later", sep="; ")  # noqa: T201


ALL = ["replicas", "redis", "both"]


@pytest.mark.parametrize("victims", ALL)
async def test_nothing_is_lost_whoever_is_killed(chaos: Chaos, victims: str) -> None:
    await rage(chaos, victims, ROUNDS)


@pytest.mark.soak
@pytest.mark.timeout(60 * 30)
@pytest.mark.parametrize("victims", ALL)
async def test_nothing_is_lost_in_the_long_run(chaos: Chaos, victims: str) -> None:
    await rage(chaos, victims, SOAK_ROUNDS)
