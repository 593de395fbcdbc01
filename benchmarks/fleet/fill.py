"""Changes to the fleet that would take the command line hours, one bot after the other.

    python -m benchmarks.fleet.fill add|pause|mail FIRST COUNT

`add` as `fleet add` does it, without asking Telegram; `pause` as `fleet pause`; `mail` as an intake
does it: an update of each of CONVERSATIONS for each bot. With the project's environment, and the
project on the path.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from redis.asyncio import Redis

from benchmarks.board import NEVER, now
from benchmarks.machine import token
from benchmarks.telegram import FIRST_UPDATE, UPDATE
from fleet.bots.shared import Shared
from fleet.settings import load_settings

AT_ONCE = 50
ENTERED = 1_000_000
"""Update ids between those that the load server has given out and those of the mail."""


async def fill(what: str, first: int, count: int) -> None:
    """Do it to so many bots."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    shared = Shared.open(redis, load_settings())
    conversations = int(os.environ["CONVERSATIONS"])

    async def add(bot: int) -> None:
        await shared.registry.add(bot, SecretStr(token(bot)), None)

    async def pause(bot: int) -> None:
        await shared.registry.pause(bot)

    async def mail(bot: int) -> None:
        update = FIRST_UPDATE + ENTERED
        await shared.inbox.put(
            bot,
            [
                json.loads(UPDATE % (update + n, n, n, n, "read", NEVER, now()))
                for n in range(1, conversations + 1)
            ],
        )

    do: dict[str, Callable[[int], Awaitable[None]]] = {"add": add, "pause": pause, "mail": mail}
    bots = iter(range(first, first + count))

    async def work() -> None:
        for bot in bots:
            await do[what](bot)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
