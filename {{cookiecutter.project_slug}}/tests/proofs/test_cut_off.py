"""A replica whose packets to Redis are held back for long, and arrive then."""

import asyncio
import signal
import time
from collections.abc import Iterable
from itertools import count
from urllib.parse import urlsplit

from redis.asyncio import Redis

from fleet.inbox import Inbox
from fleet.redis.keys import PREFIX
from fleet.shards.shard import shard_of, shard_of_bot
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.chats import said
from tests.proofs.line import Line
from tests.proofs.watch import get, new_bots, until_held, until_logged
from tests.waiting import until

APP = "tests.proofs.counting"
HELD_BACK = 20.0
"""Seconds."""
LINES = 40
"""What each first message is answered with, one every half second."""
Chat = tuple[int, int]
"""Bot and user."""


async def test_what_arrives_late_changes_nothing(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    """Another replica takes its shards meanwhile. From then on it makes no call, and of what it has
    sent to Redis nothing counts."""
    ids, tokens = await new_bots(sandbox, 12)
    chats = [(bot, user) for bot in ids for user in (1, 2)]
    quiet = [(bot, 3) for bot in ids]
    url = urlsplit(clean_redis)
    line = Line(url.port or 0)
    async with line.serving(), Redis.from_url(clean_redis) as redis:
        far = url._replace(netloc=f"127.0.0.1:{line.port}").geturl()
        replicas: list[Process] = list(
            await asyncio.gather(
                start_service(APP, BOT_TOKENS=tokens, REDIS_URL=far),
                start_service(APP, BOT_TOKENS=tokens),
            )
        )
        cut_off, other = replicas
        names = [(await get(replica))[1]["replica"] for replica in replicas]
        holders = await until_held(redis, set(names))
        polled_by = {holders[shard_of_bot(bot, 64)] for bot in ids}
        assert polled_by == set(names), "of 12 bots each polls some"
        lost = [chat for chat in chats if holders[shard_of(*chat, 64)] == names[0]]

        await say(sandbox, chats, f"first {LINES} 0.5")
        await say(sandbox, quiet, "quiet 2 25")
        await until_heard(sandbox, chats + quiet)
        line.hold()
        held_at = time.monotonic()
        await say(sandbox, chats, "second 2 0.1")
        # A turn that makes calls finds out by them, one that makes none is cancelled.
        await until_logged(cut_off, "others may take this replica for dead; it puts its turns back")
        await until_heard(sandbox, lost, pid=other.pid)
        await until_taken_in(sandbox, ids)
        await asyncio.sleep(held_at + HELD_BACK - time.monotonic())
        await deliver(line, redis, replicas)

        await until_logged(cut_off, "a shard is another replica's now")
        await until_held(redis, set(names))
        await say(sandbox, chats, "third 1 0")
        await until_heard(sandbox, chats, "third 1")
        await until_heard(sandbox, quiet, "quiet 2")
        for chat in chats:
            heard = await said(sandbox, *chat)
            by_it = [number for pid, name, number in heard if (pid, name) == (cut_off.pid, "first")]
            assert bool(by_it) == (chat in lost)
            assert heard[: len(by_it)] == lines(cut_off, "first", len(by_it))
            rest = heard[len(by_it) :]
            assert rest[:LINES] == lines(other, "first", LINES), f"{chat}: {heard}"
            assert [told[1:] for told in rest[LINES:]] == [
                ("second", 1),
                ("second", 2),
                ("third", 1),
            ]
        assert await Inbox(redis).letters.count() == 0


async def deliver(line: Line, redis: Redis, replicas: Iterable[Process]) -> None:
    """Let what was held back arrive, and nothing else."""
    for replica in replicas:
        replica.signal(signal.SIGSTOP)
    before = await all_of_shards(redis)
    pieces = line.held
    assert pieces > 1
    line.let_through()

    async def arrived() -> bool:
        return not line.held

    await until(arrived, f"{pieces} pieces that were held back arrive")
    assert await all_of_shards(redis) == before
    for replica in replicas:
        replica.signal(signal.SIGCONT)


async def all_of_shards(redis: Redis) -> dict[bytes, bytes]:
    """Read all that is in Redis about shards, once what is on the way has arrived."""
    found: list[dict[bytes, bytes]] = [{}]
    for _ in count():
        keys = await redis.keys(PREFIX + "{*")
        # The directory is not fenced: that a chat is known is true whoever says so.
        own = [key for key in keys if b":chats:" not in key]
        found.append({key: await redis.dump(key) for key in own})
        if found[-1] == found[-2]:
            break
        await asyncio.sleep(0.2)
    return found[-1]


def lines(replica: Process, name: str, number: int) -> list[tuple[int, str, int]]:
    return [(replica.pid, name, n) for n in range(1, number + 1)]


async def say(sandbox: SandboxClient, chats: Iterable[Chat], text: str) -> None:
    for bot, user in chats:
        await sandbox.send(bot, text, user_id=user)


async def until_heard(
    sandbox: SandboxClient, chats: list[Chat], text: str = "", pid: int | None = None
) -> None:
    """Wait until each of these chats was told such a line, by that process if one is given."""

    async def come() -> int:
        return sum([len(await said(sandbox, *chat)) for chat in chats])

    async def heard(chat: Chat) -> bool:
        told = await said(sandbox, *chat)
        return any(f"{name} {n}".startswith(text) and pid in (None, who) for who, name, n in told)

    async def all_heard() -> bool:
        return all([await heard(chat) for chat in chats])

    await until(all_heard, f"all are told {text!r}", moving=come)


async def until_taken_in(sandbox: SandboxClient, ids: list[int]) -> None:
    """Wait until Telegram has nothing more for these bots."""

    async def left() -> int:
        return sum([bot["pending"] for bot in await sandbox.bots() if bot["id"] in ids])

    async def none_left() -> bool:
        return not await left()

    await until(none_left, "all is in the inbox", moving=left)
