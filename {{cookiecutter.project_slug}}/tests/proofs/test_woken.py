"""A replica that was stopped, as by SIGSTOP or a machine that sleeps, or cut off from Redis."""

import asyncio
import signal
from pathlib import Path

from redis.asyncio import Redis

from fleet.inbox import Inbox
from fleet.shards.beats import DEAD_AFTER, HELD_FOR
from fleet.shards.shard import shard_of_bot
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.chats import answers, said
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import get, new_bots, until_held, until_logged
from tests.waiting import until

APP = "tests.proofs.counting"
USERS = range(1, 13)


async def test_who_wakes_makes_no_further_call(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    """Its turns are others' now. What was in flight when it stopped may arrive, and no more."""
    [bot], tokens = await new_bots(sandbox)
    replicas: list[Process] = list(
        await asyncio.gather(*(start_service(APP, BOT_TOKENS=tokens) for _ in range(2)))
    )
    names = {(await get(replica))[1]["replica"]: replica for replica in replicas}

    async with Redis.from_url(clean_redis) as redis:
        holders = await until_held(redis, set(names))
    # The other one polls, so that it has nothing to take over but the turns.
    asleep = next(names[one] for one in names if one != holders[shard_of_bot(bot, 64)])
    awake = next(one for one in replicas if one is not asleep)
    for user in USERS:
        await sandbox.send(bot, "long 100 0.3", user_id=user)

    async def count(user: int, replica: Process) -> int:
        return sum(who == replica.pid for who, *_ in await said(sandbox, bot, user))

    async def begun() -> bool:
        counts = [[await count(user, one) for one in replicas] for user in USERS]
        return all(max(both) >= 2 for both in counts)

    await until(begun, "all turns are in hand, of each several calls made")
    asleep.signal(signal.SIGSTOP)
    before = {user: number for user in USERS if (number := await count(user, asleep))}
    assert before, "it had some of the turns"

    async def taken_over() -> bool:
        return all([await count(user, awake) for user in before])

    await asyncio.sleep(DEAD_AFTER + 5)
    await until(taken_over, "the other one has begun them anew")
    asleep.signal(signal.SIGCONT)
    await until_logged(asleep, "a shard is another replica's now")
    for user, number in before.items():
        assert await count(user, asleep) <= number + 1, f"user {user}"

    async def all_is_said() -> bool:
        return all(["long 100" in " ".join(await answers(sandbox, bot, user)) for user in USERS])

    async def progress() -> int:
        return sum([len(await answers(sandbox, bot, user)) for user in USERS])

    await until(all_is_said, "the turns come to their end", moving=progress)
    for user, number in before.items():
        assert await count(user, asleep) <= number + 1, f"user {user}"
        assert await count(user, awake) == 100, "from the first to the last, once"


async def test_a_turn_that_its_replica_lost_for_a_while_is_begun_again(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    """It is no fault of its handler: no dead letter, though nobody else took it."""
    server = RedisServer(tmp_path)
    server.start()
    try:
        [bot], tokens = await new_bots(sandbox)
        await start_service(APP, BOT_TOKENS=tokens, REDIS_URL=server.url)
        await sandbox.send(bot, "long 60 0.4", user_id=1)
        await sandbox.reply(bot, 1)
        server.pause()
        await asyncio.sleep(HELD_FOR + 1)
        said = len(await answers(sandbox, bot, 1))
        await asyncio.sleep(1)
        assert len(await answers(sandbox, bot, 1)) == said, "it makes no call any more"
        assert said < 60
        server.resume()

        async def number() -> int:
            return len(await answers(sandbox, bot, 1))

        async def over() -> bool:
            return "long 60" in (await answers(sandbox, bot, 1))[-1]

        await until(over, "the turn comes to its end", moving=number)
        assert await number() == 60, "what was answered is not said again"
        async with Redis.from_url(server.url) as redis:
            assert await Inbox(redis).letters.count() == 0
    finally:
        server.kill()
