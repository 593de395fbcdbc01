"""One bot's flood is its own trouble, and memory does not grow with it: guarantees 4 and 9."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from fleet.inbox import Inbox
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.chats import delay, report
from tests.proofs.mail import text
from tests.proofs.watch import bots_of, memory
from tests.waiting import until

FLOOD = 50_000
"""Updates of one bot that wait."""
BATCH = 1000
APP = "tests.proofs.app"
FAILS = " "
"""A text that cannot be echoed: Telegram refuses it, the handler raises."""
GROUP = -200
"""Where the flood's users write."""
STATM = Path("/proc/self/statm")
_bot_ids = itertools.count(3600001, 2)


@pytest.fixture
async def bots(sandbox: SandboxClient) -> tuple[int, int]:
    """Two bots: one that will be flooded, and one that is quiet."""
    loud = next(_bot_ids)
    quiet = loud + 1
    for bot in (loud, quiet):
        await sandbox.add(token(bot))
    return loud, quiet


def token(bot: int) -> str:
    return f"{bot}:{'f' * 35}"


async def start(start_service: StartService, bots: tuple[int, int], **settings: str) -> Process:
    names = "INBOX_LIMIT", "INBOX_LIMIT_PER_BOT", "USER_LIMIT"
    limits = dict.fromkeys(names, "1000000")
    bot_tokens = " ".join(map(token, bots))
    return await start_service(APP, **{"BOT_TOKENS": bot_tokens, **limits, **settings})


def messages(words: str, first: int, count: int, conversations: int) -> list[dict[str, Any]]:
    numbers = range(first, first + count)
    return [text(10**8 + n, words, user=5000 + n % conversations, chat=GROUP) for n in numbers]


async def fill(
    redis: Redis, sandbox: SandboxClient, bot: int, words: str, conversations: int
) -> None:
    """Put the flood straight into the inbox: faster than any intake."""
    await sandbox.send(bot, "Hello", user_id=4999, chat_id=GROUP)  # Telegram knows the chat
    inbox = Inbox(redis, limit=2 * FLOOD, limit_per_bot=2 * FLOOD, limit_per_user=2 * FLOOD)
    for first in range(0, FLOOD, BATCH):
        await inbox.put(bot, messages(words, first, BATCH, conversations))


async def waiting(redis: Redis, bot: int) -> int:
    return (await Inbox(redis).sizes()).get(bot, 0)


async def starts(redis: Redis, bot: int) -> list[dict[str, Any]]:
    entries = map(json.loads, await redis.execute_command("LRANGE", "turns", 0, -1))
    return [entry for entry in entries if entry["bot"] == bot and entry["what"] == "start"]


async def no_dead_letters(redis: Redis) -> bool:
    return not await Inbox(redis).letters.count()


@pytest.mark.parametrize(
    ("words", "most"),
    # Measured on two busy cores: 0.09 s, nothing and 0.4 s more than alone.
    [("Hello", 1), ("sleep 0.5", 0.5), (FAILS, 2)],
    ids=["cpu", "places", "failing"],
)
async def test_a_flood_does_not_make_the_users_of_another_bot_wait(
    start_service: StartService,
    sandbox: SandboxClient,
    bots: tuple[int, int],
    redis: Redis,
    words: str,
    most: float,
) -> None:
    """By turns that take the CPU, by turns that take every place there is, by turns that fail."""
    loud, quiet = bots
    await start(start_service, bots)
    alone = await delay(sandbox, quiet)
    await fill(redis, sandbox, loud, words, conversations=500)
    beside = await delay(sandbox, quiet)
    assert await waiting(redis, loud) > FLOOD / 4, "the flood was over too soon to tell"
    assert await no_dead_letters(redis) == (words != FAILS)
    report(f"a quiet bot beside a flood of {words!r}", alone, beside)

    # The flood's own conversations took turns: none has had two more than another.
    counts = Counter(entry["user"] for entry in await starts(redis, loud))
    assert max(counts.values()) - min(counts[5000 + n] for n in range(500)) <= 2
    assert beside < alone + most


async def test_a_long_conversation_does_not_make_the_others_of_its_bot_wait(
    start_service: StartService, sandbox: SandboxClient, bots: tuple[int, int], redis: Redis
) -> None:
    loud, _ = bots
    await start(start_service, bots)
    alone = await delay(sandbox, loud)
    await fill(redis, sandbox, loud, "sleep 0.2", conversations=1)
    beside = await delay(sandbox, loud)
    report("another user of a bot with one long conversation", alone, beside)
    assert await waiting(redis, loud) > FLOOD / 4
    assert await no_dead_letters(redis)
    assert beside < alone + 0.2


async def test_a_full_inbox_pauses_the_polling_of_that_bot_alone(
    start_service: StartService, sandbox: SandboxClient, bots: tuple[int, int], redis: Redis
) -> None:
    loud, quiet = bots
    limit, count = 200, 1000
    service = await start(start_service, bots, INBOX_LIMIT_PER_BOT=str(limit), CONCURRENCY="20")
    alone = await delay(sandbox, quiet)
    await sandbox.push(loud, messages("sleep 0.1", 0, count, 40))

    async def paused() -> bool:
        shown = (await bots_of(service))[loud]
        return shown["state"] == "backing-off" and "INBOX_LIMIT_PER_BOT" in shown["error"]

    await until(paused, "the bot's polling is paused")
    beside = await delay(sandbox, quiet)
    report("a quiet bot beside one with a full inbox", alone, beside)
    assert (await bots_of(service))[quiet]["state"] == "running"
    assert beside < alone + 0.5

    most = 0

    async def handled() -> bool:
        nonlocal most
        most = max(most, now := await waiting(redis, loud))
        pending = next(bot["pending"] for bot in await sandbox.bots() if bot["id"] == loud)
        return not now and not pending

    await until(handled, "the backlog is handled", moving=lambda: waiting(redis, loud))
    assert most < limit + 100, "a batch of getUpdates is 100 at the most"
    shown = (await bots_of(service))[loud]
    assert (shown["state"], shown["error"]) == ("running", None)
    assert len(await starts(redis, loud)) == count
    assert await no_dead_letters(redis)


@pytest.mark.skipif(not STATM.exists(), reason="memory is read from Linux' /proc")
async def test_memory_does_not_grow_with_the_backlog(
    start_service: StartService, sandbox: SandboxClient, bots: tuple[int, int], redis: Redis
) -> None:
    loud, quiet = bots
    service = await start(start_service, bots)

    async def take_in(total: int) -> float:
        """Send until that many were taken in; tell the service's memory in MiB."""
        for first in range(len(sent), total, BATCH):
            sent.extend(await sandbox.push(loud, messages("sleep 1", first, BATCH, 500)))

        async def pending() -> int:
            return int(next(bot["pending"] for bot in await sandbox.bots() if bot["id"] == loud))

        async def taken_in() -> bool:
            return not await pending()

        await until(taken_in, f"{total} updates are in the inbox", moving=pending)
        await delay(sandbox, quiet)  # both times at work in the same way
        return memory(service) / 2**20

    sent: list[int] = []
    small = await take_in(1000)
    large = await take_in(FLOOD)
    assert await waiting(redis, loud) > FLOOD * 0.8
    print(f"resident: {small:.1f} MiB with 1000 waiting, {large:.1f} with {FLOOD}")  # noqa: T201
    # As much as the turns in flight and the allocator's habits explain; the backlog is 12 MiB.
    assert large < small + 6
