"""One contender, in a process of its own: the same handler on the project or on stock aiogram.

    python -m benchmarks.contender fleet|stock|isolation BOARD PROJECT

All read BOT_TOKENS, REDIS_URL and TELEGRAM_API_URL. LOOP=uvloop and SESSION_LIMIT are for stock
aiogram only; REPLICA says which of several processes on one board it is, from 0.
"""

import asyncio
import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.types import Message
from redis.asyncio import Redis

from benchmarks.board import CHATS, CONVERSATIONS, NEWS, WORK, Board

SLEEP = 2.0
"""Seconds that the handler of a `sleep` takes."""


class Form(StatesGroup):
    """Two questions that take turns."""

    name = State()
    age = State()


def create_dispatcher(board: Board, storage: BaseStorage, **options: Any) -> Dispatcher:
    """Build a dispatcher with the one handler."""
    router = Router()

    @router.message(StateFilter(None, Form))
    async def handle(message: Message, state: FSMContext, bot: Bot, fleet: Any = None) -> None:
        kind, number, arrived = (message.text or "").split()
        sequence = int(number)
        board.start(sequence, int(arrived))
        if kind == "echo":
            await message.answer(message.text or "")
        elif kind == "form":
            await take_step(message, state)
        elif kind == "work":
            work()
            await message.answer(message.text or "")
        elif kind == "broadcast":
            await send_news(bot, fleet)
        elif kind == "fail":
            raise ValueError(kind)
        elif kind == "sleep":
            await asyncio.sleep(SLEEP)
        elif kind == "send":
            began = time.monotonic()
            await message.answer("timed")
            board.time(sequence, int((time.monotonic() - began) * 1e6))
        board.end(sequence)

    dispatcher = Dispatcher(storage=storage, **options)
    dispatcher.include_router(router)
    return dispatcher


def work() -> None:
    """Use the CPU."""
    until = time.thread_time() + WORK
    while time.thread_time() < until:
        pass


async def send_news(bot: Bot, fleet: Any) -> None:
    """Send it to all: by the project, or in a loop."""
    if fleet:
        await fleet.broadcast(bot.id, text=NEWS, chats=CHATS)
        return
    for chat in CHATS:
        await bot.send_message(chat, NEWS)


async def take_step(message: Message, state: FSMContext) -> None:
    """Take a form's step: read where it is and what is known, write both, answer.

    Raises LookupError if the step before is not there: then what was measured is no form.
    """
    step, known = await state.get_state(), await state.get_data()
    before = {"step": step, "message": message.message_id - CONVERSATIONS}
    if known not in ({}, before):
        raise LookupError(f"after {before}: {known}")
    following = Form.age if step == Form.name.state else Form.name
    await state.set_state(following)
    await state.update_data(step=following.state, message=message.message_id)
    await message.answer(message.text or "")


def run_fleet(board: Board, project: str) -> None:
    """Run the generated service as `python -m bot` does."""
    sys.path.insert(0, project)
    storage = importlib.import_module("fleet.storage").FleetStorage

    def create(redis: Redis) -> Dispatcher:
        keys = DefaultKeyBuilder(with_bot_id=True)
        return create_dispatcher(board, storage(redis, key_builder=keys))

    importlib.import_module("fleet.service").run(create)


async def run_stock(board: Board, *, isolated: bool) -> None:
    """Run stock aiogram as its documentation shows, with one session for all bots."""
    keys = DefaultKeyBuilder(with_bot_id=True)
    storage = RedisStorage.from_url(os.environ["REDIS_URL"], key_builder=keys)
    options = {"events_isolation": storage.create_isolation()} if isolated else {}
    api = TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"])
    limit: dict[str, Any] = {}
    if "SESSION_LIMIT" in os.environ:
        limit["limit"] = int(os.environ["SESSION_LIMIT"])
    session = AiohttpSession(api=api, **limit)
    bots = [Bot(token, session=session) for token in os.environ["BOT_TOKENS"].split(",")]
    await create_dispatcher(board, storage, **options).start_polling(*bots)


def main(name: str, path: str, project: str) -> None:
    """Run one contender until SIGTERM."""
    board = Board(Path(path), int(os.environ.get("REPLICA", "0")))
    if name == "fleet":
        run_fleet(board, project)
        return
    stock = run_stock(board, isolated=name == "isolation")
    if os.environ.get("LOOP") == "uvloop":
        import uvloop  # who runs without it should not pay its memory

        uvloop.run(stock)
    else:
        asyncio.run(stock)


if __name__ == "__main__":
    main(*sys.argv[1:])
