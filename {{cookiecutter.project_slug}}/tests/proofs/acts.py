"""The service with handlers that do much in one turn, for tests: `python -m tests.proofs.acts`.

| update | what its turn does |
|---|---|
| `act 5` | says `5/a`, `5/b`, `5/c`, counts in its state, charges 5, orders a timer, says `5/d` |
| `remind 5 2.5` | orders the timer `5` in 2.5 s, and says so |
| `forget 5` | cancels it |
| `list` | says which timers there are |
| `late` | leaves a task that orders the timer `late` when the turn is over |
| `work` | says `working`, and works until it is cancelled |
| `/stop` | in a lane of its own: has the others cancelled, and says `stopped` |
| photos | says the captions of the album |
| a pre-checkout query | is answered |
| a timer | says its name |

Each turn of `act` leaves `number, attempt` in the Redis list `attempts`, each charge its number in
`charges`, each timer `name, seconds late` in `fired`. An entry ends with an id of its own: where a
reply of Redis was lost, the client sends the entry again.
"""

import asyncio
import json
import random
import uuid
from datetime import UTC, datetime, timedelta

from aiogram import Bot, Dispatcher, F
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import Message, PreCheckoutQuery
from redis.asyncio import Redis

from fleet.routing import Router
from fleet.service import run
from fleet.storage import FleetStorage
from fleet.turn import Timer, Timers, Turn


async def pause() -> None:
    """Work for a moment, so that a kill may come just then."""
    await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311 - no secret


def create_dispatcher(redis: Redis) -> Dispatcher:  # noqa: C901, PLR0915 - as long as the table
    dispatcher = Dispatcher(storage=FleetStorage(redis))
    router = Router()

    async def leave(key: str, *values: object) -> None:
        await redis.execute_command("RPUSH", key, json.dumps([*values, uuid.uuid4().hex]))

    @router.message(F.text.regexp(r"^act (\d+)$").as_("found"))
    async def act(message: Message, bot: Bot, state: FSMContext, turn: Turn, timers: Timers) -> str:
        number = (message.text or "").split()[1]
        await leave("attempts", number, turn.attempt)
        await message.answer(f"{number}/a")
        await pause()
        both = [bot.send_message(message.chat.id, f"{number}/{part}") for part in "bc"]
        await asyncio.gather(*both)
        data = await state.update_data(sum=await state.get_value("sum", 0) + 1)
        await turn.once("charge", leave, "charges", number)
        await timers.set("after", after=timedelta(hours=1), data={"number": number})
        await pause()
        await message.answer(f"{number}/d {data['sum']}")
        return number

    @router.message(F.text.startswith("remind "))
    async def remind(message: Message, timers: Timers) -> None:
        _, name, seconds = (message.text or "").split()
        await timers.set(name, after=timedelta(seconds=float(seconds)))
        await message.answer(f"reminding {name}")

    @router.message(F.text.startswith("forget "))
    async def forget(message: Message, timers: Timers) -> None:
        await timers.cancel((message.text or "").split()[1])
        await message.answer("forgotten")

    @router.message(F.text == "list")
    async def show(message: Message, timers: Timers) -> None:
        await message.answer(" ".join(["timers:", *(one.name for one in await timers.all())]))

    tasks = set()

    @router.message(F.text == "late")
    async def order_late(message: Message, timers: Timers) -> None:
        async def later() -> None:
            while not await redis.exists("go on"):  # noqa: ASYNC110 - the event is in Redis
                await asyncio.sleep(0.05)
            await timers.set("late", after=timedelta())

        task = asyncio.create_task(later())
        tasks.add(task)
        await message.answer("later")

    @router.message(F.text == "work")
    async def work(message: Message, state: FSMContext) -> None:
        await state.set_state("working")
        await message.answer("working")
        await asyncio.Event().wait()

    @router.message(Command("stop"), flags={"lane": "stop"})
    async def stop(message: Message, turn: Turn) -> None:
        await turn.cancel_others()
        await message.answer("stopped")

    @router.message(F.photo)
    async def look(message: Message, album: list[Message]) -> None:
        captions = " ".join(one.caption or "?" for one in album)
        assert album[0] is message
        await message.answer(f"album: {captions}")

    @router.message()
    async def say_state(message: Message, state: FSMContext) -> None:
        await message.answer(f"state: {await state.get_state()}")

    @router.pre_checkout_query()
    async def check(query: PreCheckoutQuery) -> None:
        await query.answer(ok=True)

    @router.timer()
    async def tell(timer: Timer, bot: Bot, state: FSMContext) -> None:
        late = (datetime.now(UTC) - timer.due).total_seconds()
        await leave("fired", timer.name, late)
        assert timer.chat_id
        await bot.send_message(timer.chat_id, f"timer {timer.name}: {await state.get_state()}")

    dispatcher.include_router(router)
    return dispatcher


if __name__ == "__main__":
    run(create_dispatcher)
