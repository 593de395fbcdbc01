"""A turn gets the state and the data of its conversation along with its update.

So its first reads cost no call to Redis; later ones see what others have written meanwhile.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import DefaultKeyBuilder, KeyBuilder, StorageKey
from aiogram.fsm.strategy import FSMStrategy
from aiogram.types import Message
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.inbox import Inbox
from fleet.inbox.mailboxes import Mailboxes
from fleet.inbox.timers import TimerBook
from fleet.overlay import Overlay
from fleet.redis.keys import PREFIX
from fleet.redis.pool import create_redis
from fleet.settings import Settings
from fleet.shards.holder import Holder
from fleet.state_keys import StateKeys, begin_of_states, keep_apart, order_of
from fleet.storage import FleetStorage
from fleet.telegram.session import create_sessions
from fleet.turn import TurnTaker
from fleet.worker import Worker
from tests.proofs.mail import text
from tests.proofs.redis_groups import Nodes, running
from tests.waiting import until

BOT, USER = 1000001, 7
SHARDS = 8
PRIVATE = StorageKey(BOT, USER, USER)

Handle = Callable[[Message, FSMContext], Awaitable[None]]


class Counting(Redis):
    """A client that counts its commands."""

    commands: Counter[str]

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.commands[args[0]] += 1
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


@pytest.fixture
async def counting(clean_redis: str) -> AsyncIterator[Counting]:
    async with Counting.from_url(clean_redis) as client:
        assert isinstance(client, Counting)
        client.commands = Counter()
        yield client


@asynccontextmanager
async def served(
    redis: Redis, dispatcher: Dispatcher, prefix: str = PREFIX
) -> AsyncIterator[Inbox]:
    """Give the inbox of a replica whose turns are the dispatcher's."""
    keep_apart(dispatcher, prefix, SHARDS)
    states = begin_of_states(dispatcher, redis, prefix)
    sessions = create_sessions(Settings())
    member = Member(Bot(f"{BOT}:{'a' * 35}", session=sessions.calls), None)
    holder = Holder(redis, "one", SHARDS, prefix=prefix)
    worker = Worker(
        holder,
        Mailboxes(redis, "one", prefix=prefix, states=states),
        {BOT: member}.get,
        TurnTaker(dispatcher, sessions.outages, TimerBook(redis, SHARDS, prefix=prefix), 60).take,
        lambda: Overlay(redis),
    )
    inbox = Inbox(
        redis,
        replica="one",
        shards=SHARDS,
        order=order_of(dispatcher),
        lanes={"cancel": "cancel"},
        prefix=prefix,
        states=states,
    )
    inbox.desk = worker
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())

        async def holds_all() -> bool:
            return len(holder.held) == SHARDS

        await until(holds_all, "the replica holds all shards")
        yield inbox
        await worker.drain(30)
    await sessions.close()


async def until_over(inbox: Inbox) -> None:
    async def is_over() -> bool:
        return not await inbox.sizes()

    await until(is_over, "all turns are over")


def dispatcher_of(
    redis: Redis,
    handle: Handle,
    strategy: FSMStrategy = FSMStrategy.USER_IN_CHAT,
    keys: KeyBuilder | None = None,
) -> Dispatcher:
    dispatcher = Dispatcher(storage=FleetStorage(redis, keys), fsm_strategy=strategy)
    dispatcher.message.register(handle)
    return dispatcher


async def count(_: Message, state: FSMContext) -> None:
    await state.set_state("counting")
    await state.update_data(sum=(await state.get_data()).get("sum", 0) + 1)


@pytest.mark.parametrize(
    "strategy", [FSMStrategy.USER_IN_CHAT, FSMStrategy.CHAT, FSMStrategy.GLOBAL_USER]
)
@pytest.mark.parametrize("prefix", [PREFIX, "other:"])
async def test_a_turn_reads_its_state_without_a_call(
    counting: Counting, strategy: FSMStrategy, prefix: str
) -> None:
    """Whether it begins as its update enters or after others; whoever shares the state."""
    dispatcher = dispatcher_of(counting, count, strategy)
    async with served(counting, dispatcher, prefix) as inbox:
        assert await inbox.put(BOT, [text(n, chat=-5) for n in range(1, 4)]) == 3
        await until_over(inbox)
        assert await inbox.put(BOT, [text(4, chat=-5), text(5, "/cancel", chat=-5)]) == 2
        await until_over(inbox)
    assert counting.commands["MGET"] == 0
    chat, user = {FSMStrategy.CHAT: (-5, -5), FSMStrategy.GLOBAL_USER: (USER, USER)}.get(
        strategy, (-5, USER)
    )
    storage = dispatcher.fsm.storage
    assert await storage.get_state(StorageKey(BOT, chat, user)) == "counting"
    assert (await storage.get_data(StorageKey(BOT, chat, user)))["sum"] >= 4
    assert counting.commands["MGET"] == 2


async def test_long_data_is_read_when_it_is_asked_for(counting: Counting) -> None:
    found: list[int] = []

    async def look(message: Message, state: FSMContext) -> None:
        if message.text != "pass":
            found.append(len((await state.get_data())["long"]))

    dispatcher = dispatcher_of(counting, look)
    await dispatcher.fsm.storage.set_data(PRIVATE, {"long": "x" * 5000})
    key = StateKeys().build(PRIVATE, "data")
    reads: list[str] = []
    async with counting.monitor() as monitor:
        async with served(counting, dispatcher) as inbox:
            await inbox.put(BOT, [text(1, "pass"), text(2, "look")])
            await until_over(inbox)
        await counting.echo("over")
        async for seen in monitor.listen():
            if seen["command"].startswith("ECHO"):
                break
            if seen["command"].startswith("MGET") and key in seen["command"]:
                reads.append(seen["client_type"])
    assert found == [5000]
    assert reads == ["tcp"], "no script has read it, which would hold Redis up"


async def test_what_is_no_text_at_the_keys_is_nothing(redis: Redis) -> None:
    found: list[object] = []

    async def look(_: Message, state: FSMContext) -> None:
        found.append((await state.get_state(), await state.get_data()))

    dispatcher = dispatcher_of(redis, look)
    await redis.execute_command("RPUSH", StateKeys().build(PRIVATE, "state"), "x")
    await redis.execute_command("RPUSH", StateKeys().build(PRIVATE, "data"), "x")
    async with served(redis, dispatcher) as inbox:
        await inbox.put(BOT, [text(1), text(2)])
        await until_over(inbox)
    assert found == [(None, {})] * 2


class OfTenants(KeyBuilder):
    def build(self, key: StorageKey, part: str | None = None) -> str:
        tenant = {BOT: "acme"}[key.bot_id]  # it knows no other bots
        return f"{tenant}:{key.bot_id}:{key.chat_id}:{key.user_id}:{part}"


@pytest.mark.parametrize(
    "keys", [DefaultKeyBuilder(prefix="mine", separator="/", with_bot_id=True), OfTenants()]
)
async def test_keys_built_another_way_are_read_as_they_are(
    counting: Counting, keys: KeyBuilder
) -> None:
    dispatcher = dispatcher_of(counting, count, keys=keys)
    assert begin_of_states(dispatcher, counting, PREFIX) == ""
    async with served(counting, dispatcher) as inbox:
        await inbox.put(BOT, [text(1), text(2)])
        await until_over(inbox)
    assert (await dispatcher.fsm.storage.get_data(PRIVATE))["sum"] == 2


async def test_states_in_another_redis_are_not_looked_for(redis: Redis, clean_redis: str) -> None:
    """The fleet's own may let it read nothing but the fleet's keys."""
    await redis.execute_command(
        "ACL", "SETUSER", "fleet", "on", "nopass", "~fleet:*", "&*", "+@all"
    )
    try:
        async with Redis.from_url(clean_redis.replace("default@", "fleet:any@")) as own:
            dispatcher = dispatcher_of(redis, count)
            async with served(own, dispatcher) as inbox:
                await inbox.put(BOT, [text(1), text(2)])
                await until_over(inbox)
    finally:
        await redis.execute_command("ACL", "DELUSER", "fleet")
    assert (await dispatcher.fsm.storage.get_data(PRIVATE))["sum"] == 2


async def test_what_was_written_while_a_turn_waited_is_seen(redis: Redis) -> None:
    waits, go_on = asyncio.Event(), asyncio.Event()
    found: list[object] = []

    async def wait(_: Message, state: FSMContext) -> None:
        found.append(await state.get_data())
        waits.set()
        await go_on.wait()
        found.append(await state.get_data())
        found.append(await state.get_state())

    dispatcher = dispatcher_of(redis, wait)
    async with served(redis, dispatcher) as inbox:
        await dispatcher.fsm.storage.set_data(PRIVATE, {"seen": "before"})
        await inbox.put(BOT, [text(1)])
        await waits.wait()
        await dispatcher.fsm.storage.set_data(PRIVATE, {"seen": "after"})
        await dispatcher.fsm.storage.set_state(PRIVATE, "new")
        go_on.set()
        await until_over(inbox)
    assert found == [{"seen": "before"}, {"seen": "after"}, "new"]


async def test_on_a_cluster_they_are_in_the_slot_of_their_shard(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    with running(*nodes.servers):
        await nodes.join()
        found: list[dict[str, bytes | None]] = []

        async def look(_: Message, state: FSMContext) -> None:
            overlay = Overlay.of_turn(redis)
            assert overlay
            found.append(dict(overlay.at_begin))
            await state.set_state("seen")

        async with create_redis(Settings(redis_url=SecretStr(nodes.url))) as redis:
            dispatcher = dispatcher_of(redis, look)
            async with served(redis, dispatcher) as inbox:
                await inbox.put(BOT, [text(1)])
                await until_over(inbox)
                await inbox.put(BOT, [text(2)])
                await until_over(inbox)
            assert isinstance(dispatcher.fsm.storage, FleetStorage)
            keys = dispatcher.fsm.storage.key_builder
            state, data = keys.build(PRIVATE, "state"), keys.build(PRIVATE, "data")
    assert found == [{state: None, data: None}, {state: b"seen", data: None}]


async def test_what_a_task_of_the_turn_before_has_written_is_seen(counting: Counting) -> None:
    """The next turn begins at once: what its begin has read may be of before."""
    state = FSMContext(FleetStorage(counting), PRIVATE)
    key = StateKeys().build(PRIVATE, "data")
    asked_at = time.monotonic()
    await state.set_data({"number": 1})
    overlay = Overlay(counting)
    overlay.open()
    overlay.know({key: None}, asked_at)
    assert await state.get_data() == {"number": 1}
    overlay.close()


async def test_while_a_task_writes_the_begin_of_a_turn_is_not_believed(counting: Counting) -> None:
    state = FSMContext(FleetStorage(counting), PRIVATE)
    key = StateKeys().build(PRIVATE, "data")
    writing = asyncio.create_task(state.set_data({"number": 1}))
    await asyncio.sleep(0)  # it is on its way now
    overlay = Overlay(counting)
    overlay.open()
    overlay.know({key: b'{"number": 0}'}, time.monotonic())
    await state.get_data()
    assert counting.commands["MGET"] == 1
    overlay.close()
    await writing
