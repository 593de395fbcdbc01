"""`python -m tests.proofs.counting`: handlers that speak more than once and leave Redis alone.

`a 3 0.5` says `a 1`, `a 2`, `a 3`, with half a second after each; in front of these stands the
process that says it, as in `4711 a 1`.
"""

import asyncio
import os

from aiogram import Dispatcher
from aiogram.types import Message
from redis.asyncio import Redis

from fleet.service import run
from fleet.storage import FleetStorage


def create_dispatcher(redis: Redis) -> Dispatcher:
    dispatcher = Dispatcher(storage=FleetStorage(redis))

    @dispatcher.message()
    async def count(message: Message) -> None:
        name, number, pause = (message.text or "").split()
        for n in range(1, int(number) + 1):
            await message.answer(f"{os.getpid()} {name} {n}")
            await asyncio.sleep(float(pause))

    return dispatcher


if __name__ == "__main__":
    run(create_dispatcher)
