"""`python -m tests.proofs.cli.frail`: bots whose handler fails for a while.

They repeat what they are told; "fail…" raises while the key `test:broken` is in Redis.
"""

from aiogram import Dispatcher
from aiogram.types import Message
from redis.asyncio import Redis

from fleet.service import run

BROKEN = "test:broken"


def create_dispatcher(redis: Redis) -> Dispatcher:
    async def repeat(message: Message) -> None:
        text = message.text or ""
        if text.startswith("fail") and await redis.exists(BROKEN):
            raise RuntimeError(f"broken at [bold]{text}")
        await message.answer(text)

    dispatcher = Dispatcher()
    dispatcher.message.register(repeat)
    return dispatcher


if __name__ == "__main__":
    run(create_dispatcher)
