"""Effects once: a turn that is begun again repeats no answered call: guarantee 10.

Each run prints its seed. CHAOS_SEED repeats its choices (not the machine's timing), CHAOS_ROUNDS
sets how many times somebody is killed.
"""

import asyncio
import itertools
import json
import os
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
import redis

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.chats import until_handled
from tests.proofs.mail import keys_of_shards, text
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import new_bots

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 4)
ACTS = "tests.proofs.acts"
BOTS, USERS = 3, range(1, 7)
AT_ONCE = 2
"""Calls of one turn that may be in flight."""


class Stage:
    """Users who ask for acts, and what came of them."""

    def __init__(self, sandbox: SandboxClient, redis: RedisServer, bots: list[int]) -> None:
        self.dice = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
        self.asked: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self._sandbox, self._redis, self._bots = sandbox, redis, bots
        self._numbers, self._ids = itertools.count(1), itertools.count(10**8)

    async def ask_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            bot, user, number = self.dice.choice(self._bots), self.dice.choice(USERS), 0
            updates = []
            for _ in range(self.dice.randint(1, 3)):
                number = next(self._numbers)
                self.asked[bot, user].append(number)
                updates.append(text(next(self._ids), f"act {number}", user=user))
            await self._sandbox.push(bot, updates)
            await asyncio.sleep(self.dice.uniform(0.02, 0.15))  # the pace of the users

    async def check(self, kills: int) -> str:
        with self._redis.client() as client:
            attempts = Counter(number for number, *_ in _entries(client, "attempts"))
            charges = Counter(number for number, *_ in _entries(client, "charges"))
            assert not keys_of_shards(client, "dead", "mail", "begun", "tries", "notes")
            assert len(keys_of_shards(client, "timers")) == len(self.asked), "one in each"
            sums = {
                conversation: json.loads(client.get(_data_key(*conversation)) or "{}")
                for conversation in self.asked
            }
        repeated = 0
        for bot in self._bots:
            calls = await self._sandbox.calls(bot, "sendMessage")
            said = Counter(call["params"]["text"] for call in calls if call["status"] == 200)
            for (asked_of, user), numbers in self.asked.items():
                if asked_of != bot:
                    continue
                assert sums[bot, user]["sum"] == len(numbers), "each turn has counted once"
                for place, number in enumerate(numbers, 1):
                    name = str(number)
                    lines = [f"{name}/a", f"{name}/b", f"{name}/c", f"{name}/d {place}"]
                    assert all(said[line] for line in lines), "an act was not played"
                    again = sum(said[line] for line in lines) - len(lines)
                    again += charges[name] - 1
                    assert 0 <= again <= AT_ONCE * (attempts[name] - 1), f"{name}: {said}"
                    repeated += again
            odd = [line for line in said if line.partition(" ")[0].endswith("/d")]
            assert len(odd) == sum(len(ones) for (one, _), ones in self.asked.items() if one == bot)
        turns = sum(attempts.values())
        acts = sum(map(len, self.asked.values()))
        return (
            f"{acts} acts, {turns - acts} begun again in {kills} strikes,"
            f" {repeated} of {4 * acts} calls made twice"
        )


def _entries(client: redis.Redis, key: str) -> list[list[Any]]:
    # A reply that was lost with Redis made the client send the same entry again.
    return [json.loads(entry) for entry in set(client.execute_command("LRANGE", key, 0, -1))]


def _data_key(bot: int, user: int) -> str:
    return f"fsm:{bot}:{user}:{user}:data"


@pytest.mark.parametrize("victim", ["replica", "redis", "redis hangs"])
async def test_what_is_answered_is_not_asked_again_whoever_is_killed(
    sandbox: SandboxClient, start_service: StartService, server: RedisServer, victim: str
) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}")  # noqa: T201 - to repeat it
    bots, tokens = await new_bots(sandbox, BOTS)
    stage = Stage(sandbox, server, bots)

    async def start(*, wait: bool = False) -> Process:
        return await start_service(
            ACTS,
            wait=wait,
            BOT_TOKENS=tokens,
            REDIS_URL=server.url,
            MAX_ATTEMPTS="1000",  # here it is never the update's fault
        )

    replicas = [await start(wait=True) for _ in range(2)]
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(stage.ask_until(over))
        for _ in range(ROUNDS):
            await asyncio.sleep(stage.dice.uniform(0.5, 3))
            if victim == "replica":
                await replicas.pop(stage.dice.randrange(2)).kill()
                replicas.append(await start())
            elif victim == "redis":
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(stage.dice.uniform(0, 1))
                await asyncio.to_thread(server.start)
            else:
                server.pause()
                await asyncio.sleep(stage.dice.uniform(0.5, 3))
                server.resume()
        over.set()
    await until_handled(sandbox, bots, server)
    print(await stage.check(ROUNDS))  # noqa: T201
