"""The service with handlers that misbehave on command, for tests: `python -m tests.proofs.app`.

A message's text says what its handler does, by its first word:

| text | what happens |
|---|---|
| `sleep 3` | works for 3 s |
| `wait x` | waits until Redis has the key `x` |
| `stubborn 3` | works for 3 s and ignores being cancelled |
| `insist x` | waits until Redis has the key `x`, and ignores being cancelled |
| `block 3` | holds the event loop for 3 s |
| `raise` | raises ValueError |
| `settle` | raises LookupError, which an error handler settles |
| `stumble` | raises ArithmeticError, for which the error handler raises, too |
| `exit` | raises SystemExit |
| `exit-later 3` | has another task raise SystemExit, and works for 3 s |
| `cancel` | raises CancelledError |
| `unprintable` | raises an error whose text cannot be had |
| `unformattable` | raises an error of which Python cannot make a traceback |
| `surrogate` | raises an error whose text is not valid Unicode |
| `mistake` | has Redis add one to a list |
| `die` | kills its process with SIGKILL |
| `return` | returns a sendMessage instead of sending it |
| `together` | sends its echo in a TaskGroup |
| `tell 5` | sends a message to chat 5 |
| `lines 5` | sends 5 messages: `line 1` … |
| `shared <token>` | says `before`, and has another bot make a call over the session of the fleet |
| `apart <token>` | the same over a session of its own |
| `count` | adds one to the conversation's FSM data; then does the rest, or says the sum |
| `data` | says the conversation's FSM data as JSON |
| `role` | says the role of its bot |
| anything else | is echoed |

Each turn leaves two entries in the Redis list `turns`: JSON with `what` (start, end), `bot`,
`chat`, `user`, `text`, `at` (seconds since the epoch) and `process`.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.filters import ExceptionTypeFilter
from aiogram.fsm.context import FSMContext
from aiogram.methods import SendMessage
from aiogram.types import ErrorEvent, Message, TelegramObject
from redis.asyncio import Redis

from fleet.service import run
from fleet.storage import FleetStorage
from fleet.turn import SETTLED, LeftOut, Verdict

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


def create_dispatcher(redis: Redis) -> Dispatcher:
    dispatcher = Dispatcher(storage=FleetStorage(redis))
    router, settling = Router(), Router()
    around = Router()
    around.include_router(settling)

    async def note(what: str, message: Message, bot: Bot) -> None:
        entry = {
            "what": what,
            "bot": bot.id,
            "chat": message.chat.id,
            "user": message.from_user.id if message.from_user else None,
            "text": message.text,
            "at": time.time(),
            "process": os.getpid(),
        }
        await redis.execute_command("RPUSH", "turns", json.dumps(entry))

    @router.message(F.text == "role")
    async def say_role(message: Message, role: str | None) -> None:
        await message.answer(str(role))

    @router.message(F.text == "data")
    async def say_data(message: Message, state: FSMContext) -> None:
        await message.answer(json.dumps(await state.get_data()))

    @router.message()
    async def handle(message: Message, bot: Bot, state: FSMContext) -> Any:
        await note("start", message, bot)
        answer = await act((message.text or "").split(), message, bot, state, redis)
        await note("end", message, bot)
        return answer

    dispatcher.errors.outer_middleware(count_errors)
    router.error.register(stumble, ExceptionTypeFilter(ArithmeticError))

    @router.error()
    async def apologise(event: ErrorEvent, state: FSMContext | None = None) -> None:
        if state and (data := await state.get_data()):
            await state.update_data(sorry_at=data["sum"])
        if event.update.message:
            await event.update.message.answer("sorry")

    # The last two are no error of a handler: nobody can settle them, and so lose the update.
    @settling.error(ExceptionTypeFilter(LookupError, TelegramRetryAfter, TelegramUnauthorizedError))
    async def settle(_: ErrorEvent) -> Verdict:
        return SETTLED

    settling.error.register(ask_for_patience, ExceptionTypeFilter(LeftOut))
    dispatcher.include_routers(around, router)
    return dispatcher


async def count_errors(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Note in the FSM data, where there are some, how many errors there were, and at which sum."""
    state: FSMContext | None = data.get("state")
    if state and (kept := await state.get_data()):
        await state.update_data(errors=kept.get("errors", 0) + 1, errors_at=kept["sum"])
    return await handler(event, data)


async def ask_for_patience(event: ErrorEvent) -> None:
    if event.update.message:
        await event.update.message.reply("patience")


async def stumble(event: ErrorEvent, state: FSMContext) -> None:
    await state.clear()
    raise RuntimeError("stumbled over it") from event.exception


async def act(  # noqa: C901 - as long as the table
    words: list[str], message: Message, bot: Bot, state: FSMContext, redis: Redis
) -> Any:
    match words:
        case ["sleep" | "stubborn" | "block" | "exit-later" as how, seconds]:
            await WORK[how](float(seconds))
        case ["wait", key]:
            await wait(redis, key)
        case ["insist", key]:
            await insist(redis, key)
        case [kind, *_] if kind in ERRORS:
            raise ERRORS[kind]
        case ["mistake", *_]:
            await redis.execute_command("INCR", "turns")
        case ["die", *_]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["return", *_]:
            return SendMessage(chat_id=message.chat.id, text="returned")
        case ["tell", chat]:
            await SendMessage(chat_id=int(chat), text="told").as_(bot)
        case ["lines", number]:
            for line in range(1, int(number) + 1):
                await message.answer(f"line {line}")
            return None
        case ["shared" | "apart" as how, other]:
            await message.answer("before")
            await change_name(other, bot.session, apart=how == "apart")
        case ["count", *rest]:
            return await count(rest, message, bot, state, redis)
    await echo(message)
    return None


async def count(
    rest: list[str], message: Message, bot: Bot, state: FSMContext, redis: Redis
) -> Any:
    number = await state.get_value("sum", 0) + 1
    await state.update_data(sum=number)
    if rest:
        return await act(rest, message, bot, state, redis)
    return await message.answer(str(number))


async def change_name(token: str, session: BaseSession, *, apart: bool) -> None:
    """Have a bot that is not in the fleet make a call."""
    if apart:
        session = AiohttpSession(api=session.api)
    try:
        await Bot(token, session=session).set_my_name("Other")
    finally:
        await session.close()  # that of the fleet stays open


async def echo(message: Message) -> None:
    async def send() -> None:
        await message.answer(message.text or "")

    if message.text == "together":
        async with asyncio.TaskGroup() as group:
            group.create_task(send())
    else:
        await send()


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


ERRORS: dict[str, BaseException] = {
    "raise": ValueError("as told"),
    "settle": LookupError("nothing there"),
    "stumble": ArithmeticError("as told"),
    "exit": SystemExit(3),
    "cancel": asyncio.CancelledError(),
    "unprintable": UnprintableError(),
    "unformattable": SyntaxError("x", ("page.html", 1, "no number", "<p>")),  # type: ignore[arg-type]  # so it is
    "surrogate": FileNotFoundError("no file \udcff"),
}


async def stubborn(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue


async def wait(redis: Redis, key: str) -> None:
    while not await redis.exists(key):  # noqa: ASYNC110 - the event is in Redis
        await asyncio.sleep(0.05)


async def insist(redis: Redis, key: str) -> None:
    while True:
        try:
            return await wait(redis, key)
        except asyncio.CancelledError:
            continue


async def block(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - that is what it is for


async def leave(seconds: float) -> None:
    async def leave_now() -> None:
        sys.exit(3)

    left = asyncio.create_task(leave_now())
    await asyncio.wait([left], timeout=seconds)
    await asyncio.sleep(seconds)


WORK: dict[str, Callable[[float], Awaitable[None]]] = {
    "sleep": asyncio.sleep,
    "stubborn": stubborn,
    "block": block,
    "exit-later": leave,
}


if __name__ == "__main__":
    run(create_dispatcher)
