"""States in a turn: what a handler and its tasks see, and what Redis has at the end of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, default_state
from aiogram.fsm.storage.base import StorageKey
from aiogram.fsm.storage.redis import RedisStorage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from fleet.overlay import Overlay, StateWrite
from fleet.state_keys import StateKeys
from fleet.storage import FleetStorage
from tests.states import commit

KEY = StorageKey(bot_id=1, chat_id=-5, user_id=7)
KEYS = [KEY, replace(KEY, user_id=8), replace(KEY, thread_id=3), replace(KEY, destiny="scene")]
OTHER_CHAT = replace(KEY, bot_id=2, chat_id=9)
TTLS = [None, 1000, timedelta(seconds=5000.9)]

Do = Callable[[FSMContext], Awaitable[Any]]


@pytest.fixture
def storage(redis: Redis) -> FleetStorage:
    return FleetStorage(redis)


@pytest.fixture
def state(storage: FleetStorage) -> FSMContext:
    return FSMContext(storage, KEY)


@pytest.fixture
def kept(redis: Redis) -> FSMContext:
    """The same state, as it is in Redis."""
    return FSMContext(RedisStorage(redis, StateKeys()), KEY)


def begin(redis: Redis) -> Overlay:
    overlay = Overlay(redis)
    overlay.open()
    return overlay


async def look(state: FSMContext) -> tuple[str | None, dict[str, Any]]:
    return await state.get_state(), await state.get_data()


async def test_redis_has_it_at_the_end_of_the_turn(
    redis: Redis, state: FSMContext, kept: FSMContext
) -> None:
    await kept.set_state("old")
    await kept.set_data({"a": 1})
    overlay = begin(redis)
    await state.set_state("new")
    await state.update_data(b=2)
    assert await state.update_data(c=3) == {"a": 1, "b": 2, "c": 3}
    assert await look(state) == ("new", {"a": 1, "b": 2, "c": 3})
    assert await look(kept) == ("old", {"a": 1})
    await commit(overlay)
    assert await look(kept) == ("new", {"a": 1, "b": 2, "c": 3})
    await state.clear()
    assert await look(kept) == (None, {}), "after the turn it is written at once"


async def test_what_is_rolled_back_never_was(
    redis: Redis, state: FSMContext, kept: FSMContext
) -> None:
    await kept.set_state("old")
    overlay = begin(redis)
    await state.set_state("new")
    await state.set_data({"a": 1})
    overlay.roll_back()
    assert await look(state) == ("old", {})
    await state.update_data(b=2)
    await commit(overlay)
    assert await look(kept) == ("old", {"b": 2})


async def test_writes_tell_key_value_expiry_and_whose_they_are(redis: Redis) -> None:
    storage = FleetStorage(redis, state_ttl=60, data_ttl=timedelta(days=30))
    overlay = begin(redis)
    await storage.set_state(KEY, "first")
    await storage.set_data(OTHER_CHAT, {"name": "Žofie"})
    await storage.set_data(KEY, {})
    await storage.set_state(KEY, State("second", "Form"))
    month = 30 * 24 * 60 * 60 * 1000
    assert overlay.seal() == [
        StateWrite("fsm:1:-5:7:state", b"Form:second", 60_000, 1, -5),
        StateWrite("fsm:2:9:7:data", b'{"name": "\\u017dofie"}', month, 2, 9),
        StateWrite("fsm:1:-5:7:data", None, None, 1, -5),
    ]


async def test_a_dict_is_nobody_elses(redis: Redis, state: FSMContext) -> None:
    begin(redis)
    mine: dict[str, Any] = {"list": [1]}
    await state.set_data(mine)
    mine["list"].append(2)
    (await state.get_data())["list"].append(3)
    (await state.update_data(more=True))["list"].append(4)
    assert await state.get_data() == {"list": [1], "more": True}


async def test_two_tasks_of_a_turn_update_the_same_data(redis: Redis, state: FSMContext) -> None:
    begin(redis)
    await asyncio.gather(*(state.update_data({str(number): number}) for number in range(5)))
    assert await state.get_data() == {str(number): number for number in range(5)}


async def test_a_task_that_outlives_its_turn(
    redis: Redis, state: FSMContext, kept: FSMContext
) -> None:
    go_on = asyncio.Event()

    async def outlive() -> None:
        await state.set_data({"by": "task"})
        await go_on.wait()
        await state.set_state("by task")

    overlay = begin(redis)
    await state.set_state("by handler")
    task = asyncio.create_task(outlive())
    while not await state.get_data():
        pass
    assert await look(kept) == (None, {}), "while the turn lasts, all of it is the turn's"
    writes = overlay.seal()
    go_on.set()
    assert await look(state) == ("by handler", {"by": "task"}), "what is on its way counts as done"
    for _ in range(50):  # time enough for a task that does not wait
        assert await look(kept) == (None, {}), "the task waits, or its write would be overtaken"
    for write in writes:
        await redis.set(write.key, write.value or b"")
    overlay.close()
    await task
    assert await look(kept) == ("by task", {"by": "task"})


async def test_a_turn_changes_nothing_in_another_redis(redis: Redis, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as other:
        await other.flushdb()
        elsewhere = FSMContext(FleetStorage(other), KEY)
        overlay = begin(redis)
        await elsewhere.set_state("there")
        assert await other.keys() == [b"fsm:1:-5:7:state"]
        await commit(overlay)
        assert await redis.keys() == []


async def test_aiograms_default_state_is_none(
    redis: Redis, state: FSMContext, kept: FSMContext
) -> None:
    await kept.set_state("old")
    await state.set_state(default_state)
    assert await kept.get_state() is None
    await kept.set_state("old")
    overlay = begin(redis)
    await state.set_state(default_state)
    await commit(overlay)
    assert await kept.get_state() is None


@pytest.mark.parametrize("ttl", [0, -1, timedelta(milliseconds=900)])
async def test_what_redis_would_refuse_at_the_end_is_refused_at_once(
    redis: Redis, ttl: int | timedelta
) -> None:
    storage = FleetStorage(redis, state_ttl=ttl, data_ttl=ttl)
    overlay = begin(redis)
    with pytest.raises(ValueError, match="must be a second or more"):
        await storage.set_state(KEY, "x")
    with pytest.raises(ValueError, match="must be a second or more"):
        await storage.set_data(KEY, {"x": 1})
    assert overlay.seal() == []


# What can be done to a state, and in between the end of a turn, in one of two ways.
COMMIT, ROLL_BACK = "commit", "roll back"

names = st.sampled_from(["", "a", "Форма:имя", "*"])
states = st.one_of(
    st.none(), names, names.map(State), st.builds(State, names, st.sampled_from(["Group"]))
)
data = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=1), inner),
        max_leaves=4,
    ),
    max_size=3,
)
wrong = st.sampled_from([["a"], None, {"a": object()}, {"a": {1, 2}}])


def doing(do: Callable[..., Awaitable[Any]]) -> Callable[..., Do]:
    return lambda *arguments: lambda state: do(state, *arguments)


steps = st.one_of(
    st.just(FSMContext.get_state),
    st.just(FSMContext.get_data),
    st.just(FSMContext.clear),
    states.map(doing(FSMContext.set_state)),
    (data | wrong).map(doing(FSMContext.set_data)),
    data.map(doing(FSMContext.update_data)),
    st.sampled_from("abc").map(doing(FSMContext.get_value)),
    st.sampled_from([COMMIT, ROLL_BACK]),
)


async def contents(redis: Redis) -> dict[bytes, tuple[bytes, int]]:
    """Give each key with its value and roughly its time to live, in thousands of seconds."""
    found = {}
    for key in await redis.keys():
        value = await redis.get(key)
        found[key] = (value or b"", round(await redis.pttl(key), -6))
    return found


async def restore(redis: Redis, saved: dict[bytes, tuple[bytes, int]]) -> None:
    await redis.flushdb()
    for key, (value, ttl) in saved.items():
        await redis.set(key, value, px=ttl if ttl > 0 else None)


async def outcome(do: Do, state: FSMContext) -> Any:
    try:
        return await do(state)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other has to raise its like
        return type(error)


@given(
    st.lists(st.tuples(st.sampled_from(KEYS), steps), max_size=30),
    st.sampled_from(TTLS),
    st.sampled_from(TTLS),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_turn_leaves_what_aiograms_storage_would_have_left(
    clean_redis: str, done: list[tuple[StorageKey, Any]], state_ttl: Any, data_ttl: Any
) -> None:
    ttls = {"state_ttl": state_ttl, "data_ttl": data_ttl}
    second = clean_redis.removesuffix("/1") + "/2"
    async with Redis.from_url(clean_redis) as ours, Redis.from_url(second) as theirs:
        for one in (ours, theirs):
            await one.flushdb()
        fleet, plain = FleetStorage(ours, **ttls), RedisStorage(theirs, StateKeys(), **ttls)
        overlay, before = begin(ours), await contents(theirs)
        for key, step in [*done, (KEY, COMMIT)]:
            if step == ROLL_BACK:
                overlay.roll_back()
                await restore(theirs, before)
            elif step == COMMIT:
                assert await contents(ours) == before
                await commit(overlay)
                overlay, before = begin(ours), await contents(theirs)
                assert await contents(ours) == before
            else:
                found = [await outcome(step, FSMContext(one, key)) for one in (fleet, plain)]
                assert found[0] == found[1]
