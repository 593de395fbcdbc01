"""Several replicas share the bots: evenly, without a 409, and whatever happens to one of them."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterable
from itertools import count
from typing import Any

import pytest

from sandbox.client import SandboxClient
from sandbox.redis import redis_server
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.watch import get, id_of, new_token, until_echoed, until_logged
from tests.waiting import until

BOTS = range(3000001, 3000007)
TOKENS = {bot: f"{bot}:{'r' * 35}" for bot in BOTS}
SETTINGS = {"BOT_TOKENS": " ".join(TOKENS.values()), "DRAIN_TIMEOUT": "10"}
USER_IDS = count(9000)
SHARDS = 64
TAKEOVER = 30.0
"""Seconds within which the bots of a dead replica are taken over."""
HAND_OVER = 8.0
"""Seconds within which those of a replica that stopped are: long before it could count as dead."""


async def start_replicas(
    start_service: StartService, replicas: int, **settings: str
) -> list[Process]:
    starts = [start_service(**{**SETTINGS, **settings}) for _ in range(replicas)]
    return list(await asyncio.gather(*starts))


async def until_shared(service: Process, replicas: int, within: float | None = None) -> None:
    """Wait until this many replicas hold the shards evenly and every bot runs."""

    async def shared() -> bool:
        _, body = await get(service)
        bots, shards = body["bots"], body["shards"]
        return (
            len(shards) == replicas
            and sum(shards.values()) == SHARDS
            and max(shards.values()) - min(shards.values()) <= 1
            and all(bot["polled_by"] in shards for bot in bots)
            and {bot["state"] for bot in bots} == {"running"}
        )

    await until(shared, f"{replicas} replicas share the shards evenly", within=within)


class Load:
    """Users who write numbered messages to all bots until told to stop."""

    def __init__(self, sandbox: SandboxClient, bots: Iterable[int], users: int = 4) -> None:
        self._sandbox = sandbox
        self.users = [next(USER_IDS) for _ in range(users)]
        self._chats = [(bot, user) for bot in bots for user in self.users]
        self.sent = dict.fromkeys(self._chats, 0)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write(over))
            try:
                yield
            finally:
                over.set()

    async def _write(self, over: asyncio.Event) -> None:
        for number in count(1):
            if over.is_set():
                return
            for bot, user in self._chats:
                await self._sandbox.send(bot, str(number), user_id=user)
                self.sent[bot, user] = number
            await asyncio.sleep(0.2)  # the pace of the users

    async def check(self) -> None:
        """Wait until every message has its echo; check the order in each chat."""
        sent = {
            chat: [str(number) for number in range(1, last + 1)] for chat, last in self.sent.items()
        }
        for chat, echoes in (await until_echoed(self._sandbox, sent)).items():
            # At least once: an echo may come twice after a kill, but never before an older one.
            assert list(dict.fromkeys(echoes)) == sent[chat]


async def conflicts(sandbox: SandboxClient) -> int:
    return sum(bot["conflicts"] for bot in await sandbox.bots() if bot["id"] in BOTS)


@pytest.fixture
async def known_bots(sandbox: SandboxClient) -> None:
    for token in TOKENS.values():
        await sandbox.add(token)


@pytest.fixture
async def no_conflict(known_bots: None, sandbox: SandboxClient) -> AsyncIterator[None]:
    before = await conflicts(sandbox)
    yield
    assert await conflicts(sandbox) == before, "two replicas polled one bot"


@pytest.mark.usefixtures("no_conflict")
async def test_kill_one_stop_one_start_another_under_load(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    first, second, third = await start_replicas(start_service, 3)
    await until_shared(first, 3)
    load = Load(sandbox, BOTS)
    async with load.running():
        await asyncio.sleep(1)
        await first.kill()
        await until_shared(second, 2, within=TAKEOVER)
        assert await second.stop() == 0
        await until_shared(third, 1, within=HAND_OVER)
        fourth = await start_service(**SETTINGS)
        await until_shared(fourth, 2)
    await load.check()


@pytest.mark.usefixtures("no_conflict")
async def test_rolling_replacement_under_load(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    replicas = await start_replicas(start_service, 2)
    await until_shared(replicas[0], 2)
    load = Load(sandbox, BOTS)
    async with load.running():
        for old in list(replicas):
            replicas.append(await start_service(**SETTINGS))
            await until_shared(replicas[-1], 3)
            assert await old.stop() == 0
            await until_shared(replicas[-1], 2, within=HAND_OVER)
    await load.check()
    for bot in BOTS:  # nobody died, so nothing was handled twice
        sent = [load.sent[bot, user] for user in load.users]
        chats = [await sandbox.messages(bot, user) for user in load.users]
        echoes = [sum(message["from"]["is_bot"] for message in chat) for chat in chats]
        assert echoes == sent


@pytest.mark.usefixtures("known_bots")
async def test_a_paused_process_does_not_poll_after_it_wakes(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    # No `no_conflict`: a paused process holds its connections open, so its last polls get a 409.
    first, second = await start_replicas(start_service, 2)
    await until_shared(first, 2)
    first.signal(signal.SIGSTOP)
    await until_shared(second, 1, within=TAKEOVER)
    first.signal(signal.SIGCONT)
    await until_logged(first, "a shard is another replica's now")
    await until_shared(second, 2)
    before = await conflicts(sandbox)
    load = Load(sandbox, BOTS)
    async with load.running():
        await asyncio.sleep(1)
    await load.check()
    assert await conflicts(sandbox) == before


@pytest.mark.usefixtures("no_conflict")
async def test_redis_away_for_longer_than_a_lease(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    with redis_server() as redis:
        replicas = await start_replicas(start_service, 2, REDIS_URL=redis.url)
        await until_shared(replicas[0], 2)
        load = Load(sandbox, BOTS)
        async with load.running():
            await asyncio.sleep(1)
            redis.process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(40)  # a lease is given to others after 15
                polls = [bot["polls"] for bot in await sandbox.bots() if bot["id"] in BOTS]
                assert not any(polls), "who may have lost a lease must not poll"
                assert (await get(replicas[0]))[1]["redis"] == "down"
            finally:
                redis.process.send_signal(signal.SIGCONT)
            await until_shared(replicas[1], 2)
        await load.check()
        for replica in replicas:
            assert await replica.stop() == 0


@pytest.mark.usefixtures("no_conflict")
async def test_a_hundred_bots_join_while_others_answer(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Any
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(TOKENS.values()))
    replicas = await start_replicas(start_service, 2, BOT_TOKENS="", BOT_TOKENS_FILE=str(tokens))
    await until_shared(replicas[0], 2)
    load = Load(sandbox, BOTS)
    added = [new_token() for _ in range(100)]
    more = {id_of(token) for token in added}
    async with load.running():
        tokens.write_text("\n".join(TOKENS.values()) + "\n# more\n" + "\n".join(added))

        async def polled() -> int:
            return sum(bot["polls"] for bot in await sandbox.bots() if bot["id"] in more)

        async def all_polled() -> bool:
            return await polled() == len(more)

        await until(all_polled, "a hundred more bots poll", moving=polled)
        tokens.write_text("\n".join(TOKENS.values()))

        async def gone() -> bool:
            return await polled() == 0

        await until(gone, "they are gone again", moving=polled)
    await load.check()
