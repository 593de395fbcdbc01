"""Timers fire once, in their conversations, whoever dies: guarantee 11."""

import asyncio
import json
import os
import random
from collections import Counter
from pathlib import Path

import redis
from redis.asyncio import Redis

from fleet.inbox.timers import TimerBook
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.chats import answers
from tests.proofs.cli.command import CommandLine
from tests.proofs.mail import keys_of_shards
from tests.proofs.talk import ask, until_said
from tests.proofs.watch import get, new_bots, until_logged
from tests.waiting import until

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 2)
ACTS = "tests.proofs.acts"
LATEST = 20.0
"""Seconds that a timer may be late when its holder was killed: 15 until others take the shard."""


async def until_fired(url: str, conversation: str, name: str) -> None:
    """Have a timer fire now: the turn that orders it says so before it is over."""
    async with Redis.from_url(url) as client:

        async def fires() -> bool:
            return await TimerBook(client, 64).fire(conversation, name)

        await until(fires, "the timer is there")


async def test_a_timer_is_moved_cancelled_listed_and_fires_with_the_state_of_its_conversation(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(ACTS, BOT_TOKENS=token)
    assert await ask(sandbox, bot, "remind later 3600") == "reminding later"
    assert await ask(sandbox, bot, "remind sooner 1800") == "reminding sooner"
    assert await ask(sandbox, bot, "list") == "timers: sooner later"
    assert await ask(sandbox, bot, "list", user=8) == "timers:", "another conversation's"
    assert await ask(sandbox, bot, "forget later") == "forgotten"
    assert await ask(sandbox, bot, "list") == "timers: sooner"
    assert await ask(sandbox, bot, "remind sooner 0.1") == "reminding sooner"
    await until_said(sandbox, bot, "timer sooner: None")
    assert await ask(sandbox, bot, "list") == "timers:"


async def test_a_timer_of_a_task_that_outlives_its_turn_goes_straight_to_redis(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(ACTS, BOT_TOKENS=token)
    assert await ask(sandbox, bot, "late") == "later"
    assert await ask(sandbox, bot, "list") == "timers:", "and the turn before is over"
    with redis.Redis.from_url(clean_redis) as client:
        client.set("go on", 1)
    await until_said(sandbox, bot, "timer late: None")


async def test_a_timer_waits_for_a_paused_bot(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, tmp_path: Path
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(ACTS, BOT_TOKENS=token)
    fleet = CommandLine(tmp_path, {"BOT_TOKENS": token, "REDIS_URL": clean_redis})
    assert await ask(sandbox, bot, "remind patient 3600") == "reminding patient"
    await fleet.ok("pause", str(bot))

    async def is_paused() -> bool:
        [info] = (await get(service))[1]["bots"]
        return bool(info["state"] == "paused")

    await until(is_paused, "the replica obeys")
    await until_fired(clean_redis, f"{bot}:7:7", "patient")

    async def waits() -> bool:
        [info] = (await get(service))[1]["bots"]
        return bool(info["backlog"])

    await until(waits, "it is due, and waits in the inbox")
    assert await answers(sandbox, bot) == ["reminding patient"]
    await fleet.ok("resume", str(bot))
    await until_said(sandbox, bot, "timer patient: None")


async def test_a_timer_ends_with_a_chat_that_is_gone(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(ACTS, BOT_TOKENS=token)
    assert await ask(sandbox, bot, "remind gone 3600") == "reminding gone"
    await sandbox.ask("block", bot_id=bot, user_id=7, blocked=True)
    await until_fired(clean_redis, f"{bot}:7:7", "gone")
    await until_logged(service, "the chat has shut the bot out")
    with redis.Redis.from_url(clean_redis) as client:
        assert len(client.lrange("fired", 0, -1)) == 1

        async def is_over() -> bool:
            return not keys_of_shards(client, "mail", "timers", "due")

        await until(is_over, "nothing is left of it")
        assert not keys_of_shards(client, "dead")


async def test_timers_fire_once_over_kills(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    """None early, none lost, none late by more than it takes others to notice a death."""
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}")  # noqa: T201 - to repeat it
    dice = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    bots, tokens = await new_bots(sandbox, 2)

    async def start(*, wait: bool = False) -> Process:
        return await start_service(ACTS, wait=wait, BOT_TOKENS=tokens, MAX_ATTEMPTS="1000")

    replicas = [await start(wait=True) for _ in range(2)]
    ordered = []
    for number in range(60):
        bot, user = dice.choice(bots), dice.randrange(1, 9)
        await sandbox.send(
            bot, f"remind {number} {dice.uniform(0.5, 12 * ROUNDS):.2f}", user_id=user
        )
        ordered.append((bot, user, str(number)))
    for _ in range(ROUNDS):
        await asyncio.sleep(dice.uniform(2, 6))  # somewhere in their time
        await replicas.pop(dice.randrange(2)).kill()
        replicas.append(await start())
    with redis.Redis.from_url(clean_redis) as client:

        def fired() -> list[tuple[str, float]]:
            entries = client.lrange("fired", 0, -1)
            return [(name, late) for name, late, _ in map(json.loads, entries)]

        async def all_fired() -> bool:
            return len({name for name, _ in fired()}) == len(ordered)

        async def count() -> int:
            return len(fired())

        await until(all_fired, "every timer has fired", moving=count)
        found = fired()
        first: dict[str, float] = {}
        for name, late in found:
            first.setdefault(name, late)
        assert min(first.values()) >= 0, "none is early"
        again = len(found) - len(first)
        assert again <= 8 * ROUNDS, "begun again are those that were in hand at a kill"
        print(f"latest {max(first.values()):.1f} s, {again} begun again")  # noqa: T201
    lines: Counter[str] = Counter()
    for bot in bots:
        calls = await sandbox.calls(bot, "sendMessage")
        lines.update(call["params"]["text"] for call in calls if call["status"] == 200)
    for _, _, name in ordered:
        assert 1 <= lines[f"timer {name}: None"] <= 1 + ROUNDS
    twice = sum(lines[f"timer {name}: None"] - 1 for _, _, name in ordered)
    assert twice <= again, "an answered call is not made again"


async def test_a_timer_is_late_by_no_more_than_a_death_takes(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    first, second = [await start_service(ACTS, BOT_TOKENS=token) for _ in range(2)]
    for user in range(1, 21):
        assert await ask(sandbox, bot, f"remind {user} 6", user) == f"reminding {user}"
    await first.kill()
    del second
    with redis.Redis.from_url(clean_redis) as client:

        async def all_fired() -> bool:
            return len(client.lrange("fired", 0, -1)) == 20

        await until(all_fired, "every timer has fired", within=60)
        late = [json.loads(one)[1] for one in client.lrange("fired", 0, -1)]
    assert min(late) >= 0
    assert max(late) <= LATEST
