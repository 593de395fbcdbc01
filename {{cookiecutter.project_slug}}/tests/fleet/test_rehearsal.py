"""Turns in a test's own process: what handlers get, and may rely on, is as in the service."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import ErrorEvent, Message
from fakeredis import FakeAsyncRedis

from fleet.bots.role import Role, role_data
from fleet.routing import Router
from fleet.storage import FleetStorage
from fleet.turn import Job, Timer, Timers, Turn
from fleet.turn.rehearsal import Rehearsal
from sandbox.testing import BotUnderTest, NewChat, NewUser, Telegram
from sandbox.testing.errors import NothingCame

pytestmark = pytest.mark.in_process


async def remind(message: Message, timers: Timers) -> None:
    """`remind 30 tea`: in 30 minutes."""
    _, minutes, name = (message.text or "").split()
    timer = await timers.set(name, after=timedelta(minutes=int(minutes)), data={"from": "test"})
    await message.answer(f"{timer.name} at {timer.due:%H:%M}")


async def remind_at(message: Message, timers: Timers) -> None:
    await timers.set("at", at=message.date + timedelta(hours=1))
    await message.answer("as you like")


async def forget(message: Message, timers: Timers) -> None:
    await timers.cancel((message.text or "").split()[1])
    await message.answer(" ".join(["left:", *(one.name for one in await timers.all())]))


async def fired(timer: Timer, bot: Bot, state: FSMContext, timers: Timers, turn: Turn) -> None:
    left = [one.name for one in await timers.all()]
    assert timer.chat_id
    assert turn.id.startswith(f"{bot.id}:timer-")
    if timer.name == "bad":
        await state.set_state("lost")
        raise ValueError("as told")
    if timer.name == "again":
        await timers.set("again", after=timedelta(hours=1))
    text = f"{timer.name} {timer.data} {await state.get_state()} {left}"
    await bot.send_message(timer.chat_id, text)


async def write(message: Message, state: FSMContext, timers: Timers) -> None:
    await state.set_state("written")
    await timers.set("written", after=timedelta(minutes=1))
    if message.text == "write and raise":
        raise ValueError("as told")
    await message.answer("written")


async def apologise(event: ErrorEvent, state: FSMContext) -> None:
    if event.update.message:
        await event.update.message.answer(f"sorry: {await state.get_state()}")


async def look(message: Message, album: list[Message], turn: Turn) -> None:
    assert turn.attempt == 1
    captions = [one.caption for one in album]
    await message.answer(f"{await turn.once('count', len, album)} {captions} {turn.id}")


async def work(message: Message, state: FSMContext) -> None:
    await state.set_state("working")
    await message.answer("working")
    await asyncio.Event().wait()


async def stop(message: Message, turn: Turn, state: FSMContext) -> None:
    await turn.cancel_others()
    await message.answer(f"stopped: {await state.get_state()}")


async def digest(job: Job, bot: Bot, role: str | None) -> None:
    await bot.send_message(5, f"{job.name} {job.due:%H:%M} {role}")


@pytest.fixture
async def redis() -> AsyncIterator[FakeAsyncRedis]:
    async with FakeAsyncRedis() as redis:
        yield redis


@pytest.fixture
def dispatcher(redis: FakeAsyncRedis) -> Dispatcher:
    dispatcher, router = Dispatcher(storage=FleetStorage(redis)), Router()
    router.message.register(remind, F.text.startswith("remind"))
    router.message.register(remind_at, F.text == "at")
    router.message.register(forget, F.text.startswith("forget"))
    router.message.register(write, F.text.startswith("write"))
    router.message.register(work, F.text == "work")
    router.message.register(stop, Command("stop"), flags={"lane": "stop"})
    router.message.register(look)
    router.error.register(apologise)
    router.timer.register(fired, F.name != "unknown")
    router.job.register(digest, Role("shop"), flags={"cron": "0 9 * * *"})
    dispatcher.include_router(router)
    return dispatcher


@pytest.fixture
def turns(dispatcher: Dispatcher, redis: FakeAsyncRedis) -> Rehearsal:
    return Rehearsal(dispatcher, redis)


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    return {
        name: BotUnderTest(f"{number}:{'s' * 35}", role_data(name))
        for number, name in enumerate(("support", "shop"), 1)
    }


async def test_timers_fire_when_time_passes_in_order_and_none_early(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    later = await alice.ask("remind 60 later")
    await alice.ask("remind 30 sooner")
    await alice.at("shop").ask("remind 30 other")
    await telegram.advance(minutes=29)
    await alice.hears_nothing()
    await telegram.advance(minutes=31)
    assert (await alice.reply()).text == "sooner {'from': 'test'} None ['later']"
    last = await alice.reply()
    assert last.text == "later {'from': 'test'} None []"
    assert last.raw["date"] - later.raw["date"] >= 3600
    assert (await alice.at("shop").reply()).text == "other {'from': 'test'} None []"
    await alice.hears_nothing()


async def test_a_timer_is_moved_and_cancelled_and_orders_the_next(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    await alice.ask("remind 60 moved")
    moved = await alice.ask("remind 180 moved")
    due = datetime.now(UTC) + timedelta(hours=3)
    assert moved.text in {f"moved at {one:%H:%M}" for one in (due, due - timedelta(minutes=1))}
    await alice.ask("remind 60 again")
    await alice.ask("remind 30 off")
    assert (await alice.ask("forget off")).text == "left: again moved"
    await telegram.advance(hours=2)
    assert (await alice.reply()).text.startswith("again")
    await alice.hears_nothing()
    await telegram.advance(hours=1)
    assert {(await alice.reply()).text.split()[0] for _ in range(2)} == {"again", "moved"}


async def test_a_moment_is_one_of_the_clock_that_was_moved(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    await telegram.advance(days=1)
    await alice.ask("at")
    await telegram.advance(minutes=59)
    await alice.hears_nothing()
    await telegram.advance(minutes=1)
    assert (await alice.reply()).text.startswith("at")


async def test_what_was_begun_in_a_group_goes_on_in_the_supergroup(
    user: NewUser, chat: NewChat, telegram: Telegram
) -> None:
    alice = user("Alice")
    group = await chat("Team", alice, bots=["support"], supergroup=False)
    await group.promote("support")
    await alice.reply(group)  # this bot answers everything, also that somebody joins
    await alice.ask("write", to=group)
    await alice.ask("remind 60 tea", to=group)
    await alice.ask("remind 60 coffee", to=group)
    team = await group.migrate()
    for _ in range(2):  # and that the one group is the other now
        assert (await alice.reply(team)).text.startswith("1 [None]")
    assert (await alice.ask("forget coffee", to=team)).text == "left: written tea"
    await telegram.advance(hours=1)
    assert (await alice.reply(team)).text == "written {} written ['tea']"
    assert (await alice.reply(team)).text == "tea {'from': 'test'} written []"
    await alice.hears_nothing(team)


@pytest.mark.parametrize("flags", [{"cron": "every day"}, {"lane": "not a word"}])
def test_flags_with_which_the_service_would_not_start_are_refused(
    dispatcher: Dispatcher, redis: FakeAsyncRedis, flags: dict[str, str]
) -> None:
    router = Router()
    router.job.register(digest, flags={"name": "other", "cron": "* * * * *", **flags})
    router.message.register(stop, Command("stop"), flags=flags)
    dispatcher.include_router(router)
    with pytest.raises(ValueError, match=f"{next(iter(flags))}='"):
        Rehearsal(dispatcher, redis)


async def test_a_timer_that_was_cancelled_while_it_waited_does_not_fire(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    await alice.ask("remind 60 first")
    await alice.ask("remind 60 tea")
    await alice.ask("work")
    await alice.send("forget tea")
    await telegram.client.advance(hours=1)  # does not wait for the one who works
    await alice.ask("/stop")
    assert (await alice.reply()).text == "left: first"
    assert (await alice.reply()).text.startswith("first")
    await alice.hears_nothing()


async def test_a_handler_that_raises_leaves_states_and_timers_as_before(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    assert (await alice.ask("write and raise")).text == "sorry: None"
    await telegram.advance(hours=1)
    await alice.hears_nothing()
    await alice.ask("write")
    await telegram.advance(hours=1)
    assert (await alice.reply()).text == "written {} written []"
    await alice.ask("remind 1 bad")
    await alice.ask("remind 2 good")
    await telegram.advance(hours=1)
    assert (await alice.reply()).text == "good {'from': 'test'} written []"


async def test_a_test_that_fails_tells_of_timers(
    user: NewUser, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    alice = user("Alice")
    await alice.ask("remind 1 bad")
    await alice.ask("remind 2 unknown")
    await telegram.advance(hours=1)
    with pytest.raises(NothingCame) as caught:
        await alice.reply(timeout=0.1)
    told = str(caught.value)
    assert "Alice is due for the timer bad" in told
    assert "a handler of support raised ValueError: as told" in told
    assert "no handler of support took this" in told
    assert "in fired" in caplog.text
    assert "feeder.py" not in caplog.text, "only the user's own code is shown"


async def test_jobs_run_when_they_are_due_for_the_bots_they_are_for(telegram: Telegram) -> None:
    async def said() -> list[Any]:
        await telegram.settled()
        return [call["params"] for call in await telegram.calls("sendMessage")]

    await telegram.client.ask("add_user", user_id=5, first_name="Eve")
    for bot in ("support", "shop"):
        await telegram.client.send(telegram.bot(bot).id, "hi", user_id=5)
    assert len(await said()) == 2
    for hours in (8, 8, 8):  # wherever the day is now
        await telegram.advance(hours=hours)
    assert [one["text"] for one in (await said())[2:]] == ["digest 09:00 shop"]
    await telegram.advance(days=3)  # as after an outage: once
    assert len(await said()) == 4


async def test_an_album_is_one_turn(user: NewUser) -> None:
    alice = user("Alice")
    for caption in "ab":
        await alice.send(photo=PNG, caption=caption, media_group_id="1")
    await alice.send("c")
    for caption in "de":
        await alice.send(photo=PNG, caption=caption, media_group_id="2")
    seen = [(await alice.reply()).text.rpartition(" ") for _ in range(3)]
    assert [text for text, _, _ in seen] == ["2 ['a', 'b']", "1 [None]", "2 ['d', 'e']"]
    numbers = [int(turn.removeprefix("1:")) for _, _, turn in seen]
    assert numbers == [numbers[0], numbers[0] + 2, numbers[0] + 3]
    await alice.hears_nothing()


async def test_a_command_in_a_lane_ends_the_long_turn(user: NewUser) -> None:
    alice, bob = user("Alice"), user("Bob")
    for one in (alice, bob):
        assert (await one.ask("work")).text == "working"
    assert (await alice.ask("/stop")).text == "stopped: None"
    assert (await alice.ask("hello")).text.startswith("1 ")
    with pytest.raises(NothingCame, match="still runs"):
        await bob.reply(timeout=0.01)


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
