"""The service with hooks that note what they get: `python -m tests.proofs.hooks`.

Each leaves an entry in the Redis list `hooks`: JSON. With HOOKS=raise one of the startup fails;
with HOOKS=break the service does, once it works, while a thread works on; with HOOKS=wait one waits
for the key `go-on`.
"""

import asyncio
import json
import os
import time
from typing import Any

from aiogram import Bot, Dispatcher, Router
from redis.asyncio import Redis

from fleet.bots.fleet import Fleet
from fleet.service import run


def create_dispatcher(redis: Redis) -> Dispatcher:
    dispatcher, inner = Dispatcher(name="outer"), Router(name="inner")
    dispatcher.include_router(inner)
    dispatcher["database"] = "of the user"

    async def note(event: str, **data: Any) -> None:
        await redis.execute_command("RPUSH", "hooks", json.dumps({"event": event, **data}))

    async def on_startup(bot: Bot | None, bots: tuple[Bot, ...], router: Router) -> None:
        username = (await bot.get_me()).username if bot else None
        await note("startup", router=router.name, bot=username, bots=[one.id for one in bots])

    async def on_shutdown(
        dispatcher: Dispatcher, bot: Bot | None, fleet: Fleet, database: str
    ) -> None:
        known = [one.id for one in await fleet.bots()]
        same = dispatcher["database"] == database
        await note("shutdown", bot=bot and bot.id, fleet=known, database=database, same=same)

    async def fail(fleet: Fleet) -> None:
        match os.environ.get("HOOKS"):
            case "raise":
                raise ValueError("as told")
            case "wait":
                while not await redis.exists("go-on"):  # noqa: ASYNC110 - the event is in Redis
                    await asyncio.sleep(0.05)
            case "break":
                asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
                vars(fleet._shared.peers)["compare"] = None

    dispatcher.startup.register(on_startup)
    dispatcher.startup.register(fail)
    inner.startup.register(on_startup)
    inner.shutdown.register(on_shutdown)
    return dispatcher


if __name__ == "__main__":
    run(create_dispatcher)
