"""The service with jobs, for tests: `python -m tests.proofs.jobs`.

JOBS says which there are, and when: `tick * * * * * *; fail */2 * * * * *`.

| job | of bots with the role | what happens |
|---|---|---|
| `tick` | shop | nothing |
| `fail` | desk | raises ValueError |
| `long` | desk | waits until Redis has the key `go` |
| `crash` | desk | kills its process with SIGKILL if Redis has the key `crash` |

Each turn leaves an entry in the Redis list `jobs`, and `long` another one at its end: JSON with
`job`, `what` (start, end), `bot`, `role`, `due` and `at` (seconds since the epoch), `id` and
`attempt` of the turn, `process`. With LOOK_AGAIN, what is lost is found so many seconds later.

`later x` has the timer x be set for an hour later; when it fires, `x has fired` is said.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiogram import Bot, Dispatcher, F
from aiogram.types import Message
from redis.asyncio import Redis

from fleet.bots.role import Role
from fleet.intake import clock
from fleet.routing import Router
from fleet.service import run
from fleet.turn import Job, Timer, Timers, Turn

Note = Callable[[str], Awaitable[None]]


def create_dispatcher(redis: Redis) -> Dispatcher:
    dispatcher, router = Dispatcher(redis=redis), Router()
    for one in filter(None, os.environ.get("JOBS", "").split("; ")):
        name, _, cron = one.partition(" ")
        handler, role = JOBS[name]
        router.job.register(handler, Role(role), flags={"cron": cron})
    router.job.middleware(prepare_note)
    router.message.register(later, F.text.startswith("later "), flags=flags_of_later())
    router.timer.register(say)
    dispatcher.include_router(router)
    return dispatcher


def flags_of_later() -> dict[str, Any]:
    return {"lane": os.environ["LANE"]} if "LANE" in os.environ else {}


async def prepare_note(handler: Any, job: Any, data: dict[str, Any]) -> Any:
    """Give handlers what leaves an entry."""
    turn: Turn = data["turn"]

    async def note(what: str) -> None:
        entry = {
            "job": job.name,
            "what": what,
            "bot": job.bot_id,
            "role": data["role"],
            "due": job.due.timestamp(),
            "at": time.time(),
            "id": turn.id,
            "attempt": turn.attempt,
            "process": os.getpid(),
        }
        await data["redis"].execute_command("RPUSH", "jobs", json.dumps(entry))

    return await handler(job, {**data, "note": note})


async def tick(_: Job, note: Note) -> None:
    await note("start")


async def fail(_: Job, note: Note) -> None:
    await note("start")
    raise ValueError("as told")


async def long(_: Job, note: Note, redis: Redis) -> None:
    await note("start")
    while not await redis.exists("go"):  # noqa: ASYNC110 - the event is in Redis
        await asyncio.sleep(0.05)
    await note("end")


async def crash(_: Job, note: Note, redis: Redis) -> None:
    await note("start")
    if await redis.exists("crash"):
        os.kill(os.getpid(), signal.SIGKILL)


async def later(message: Message, timers: Timers) -> None:
    await timers.set((message.text or "").removeprefix("later "), after=timedelta(hours=1))


async def say(timer: Timer, bot: Bot) -> None:
    if timer.chat_id:
        await bot.send_message(timer.chat_id, f"{timer.name} has fired")


JOBS: dict[str, tuple[Callable[..., Any], str]] = {
    "tick": (tick, "shop"),
    "fail": (fail, "desk"),
    "long": (long, "desk"),
    "crash": (crash, "desk"),
}

if __name__ == "__main__":
    clock.LOOK_AGAIN = float(os.environ.get("LOOK_AGAIN") or clock.LOOK_AGAIN)
    run(create_dispatcher)
