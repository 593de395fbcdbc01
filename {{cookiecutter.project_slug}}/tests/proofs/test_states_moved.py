"""The states of a group are found in the supergroup that it becomes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Dispatcher
from aiogram.fsm.storage.base import StorageKey
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.overlay import Overlay
from fleet.redis.keys import PREFIX
from fleet.redis.pool import create_redis
from fleet.settings import Settings
from fleet.state_keys import keep_apart
from tests.proofs.moved import BEFORE, BOT, MOVE, NEW, NOW, OLD, Stage, States, kept, timer
from tests.proofs.redis_groups import Nodes, running
from tests.states import commit


@pytest.fixture
def states(redis: Redis) -> States:
    return States(redis)


async def fsm_keys(redis: Redis) -> dict[str, bytes]:
    keys = [key.decode() async for key in redis.scan_iter("fsm:*")]
    return {key: await redis.get(key) for key in keys}


async def test_a_state_is_found_there_and_nothing_of_it_stays(redis: Redis, states: States) -> None:
    here, scene = states.of(OLD), states.of(OLD, destiny="scene")
    await here.set_state("form")
    await here.set_data({"name": "Ann"})
    await scene.set_state("quiz")
    await states.of(OLD, user=OLD).set_state("all of the chat")
    states.moves.note(MOVE)
    assert await states.of(NEW).get_state() == "form"
    assert await states.of(NEW).get_data() == {"name": "Ann"}
    assert await states.of(NEW, destiny="scene").get_state() == "quiz"
    assert await states.of(NEW, user=NEW).get_state() == "all of the chat"
    assert await states.of(NEW, user=8).get_state() is None
    assert set(await fsm_keys(redis)) == {
        f"fsm:1:{NEW}:7:state",
        f"fsm:1:{NEW}:7:data",
        f"fsm:1:{NEW}:7:scene:state",
        f"fsm:1:{NEW}:{NEW}:state",
    }
    assert 0 < await redis.ttl(f"fsm:1:{NEW}:7:state") <= 1000, "its time goes on"
    assert await here.get_state() == "form", "what comes from the group late sees it, too"
    await here.clear()
    assert await states.of(NEW).get_state() is None


@pytest.mark.parametrize("in_turn", [False, True])
async def test_what_is_written_there_unread_leaves_nothing_that_comes_back(
    redis: Redis, states: States, *, in_turn: bool
) -> None:
    await states.of(OLD).set_state("form")
    await states.of(OLD).set_data({"name": "Ann"})
    states.moves.note(MOVE)
    overlay = Overlay(redis)
    if in_turn:
        overlay.open()
    await states.of(NEW).set_state("other")
    await states.of(NEW).set_data({"name": "Bob"})
    if in_turn:
        await commit(overlay)
    assert set(await fsm_keys(redis)) == {f"fsm:1:{NEW}:7:state", f"fsm:1:{NEW}:7:data"}
    await states.of(NEW).clear()
    assert await states.of(NEW).get_state() is None
    assert await states.of(NEW).get_data() == {}


async def test_a_turn_that_fails_has_brought_it_and_changed_nothing(
    redis: Redis, states: States
) -> None:
    await states.of(OLD).set_data({"n": 1})
    states.moves.note(MOVE)
    overlay = Overlay(redis)
    overlay.open()
    assert await states.of(NEW).update_data(n=2) == {"n": 2}
    overlay.close()
    assert await states.of(NEW).get_data() == {"n": 1}


@pytest.mark.parametrize("more", [{}, {"c": 3}])
async def test_what_a_turn_has_written_before_it_hears_of_the_move_is_kept(
    redis: Redis, states: States, more: dict[str, int]
) -> None:
    await states.of(OLD).set_data({"a": 1})
    overlay = Overlay(redis)
    overlay.open()
    await states.of(OLD).update_data(b=2)
    states.moves.note(MOVE)
    assert await states.of(OLD).get_data() == {"a": 1, "b": 2}
    if more:
        await states.of(OLD).update_data(more)
    await commit(overlay)
    assert await states.of(NEW).get_data() == {"a": 1, "b": 2} | more
    assert set(await fsm_keys(redis)) == {f"fsm:1:{NEW}:7:data"}


async def test_tasks_that_ask_at_once_all_find_it(states: States) -> None:
    await states.of(OLD).set_state("form")
    states.moves.note(MOVE)
    assert await asyncio.gather(*(states.of(NEW).get_state() for _ in range(5))) == ["form"] * 5


# A Cluster


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Redis]:
    nodes = Nodes(tmp_path)
    with running(*nodes.servers):
        await nodes.join()
        async with create_redis(Settings(redis_url=SecretStr(nodes.url))) as redis:
            yield redis


async def test_in_a_cluster_they_go_along_from_one_server_to_another(cluster: Redis) -> None:
    states, stage = States(cluster), Stage(cluster, 64)
    keep_apart(Dispatcher(storage=states.storage), PREFIX, 64)
    for user in range(20):
        await states.of(OLD, user).set_state("form")
        await states.of(OLD, user).set_data({"user": user})
    await states.storage.redis.persist(states.storage.key_builder.build(
        StorageKey(BOT, OLD, 1), "data"
    ))  # fmt: skip
    states.moves.note(MOVE)
    await stage.book.write(timer("nudge"))
    await stage.relocation.bring(BEFORE, NOW, lambda json: json)
    assert await kept(stage.book, BEFORE) == {}
    assert await kept(stage.book, NOW) == {"nudge": OLD}
    for user in range(20):
        assert await states.of(NEW, user).get_state() == "form"
        assert await states.of(NEW, user).get_data() == {"user": user}
    builder = states.storage.key_builder
    for user in range(20):
        key, old = StorageKey(BOT, NEW, user), StorageKey(BOT, OLD, user)
        assert await cluster.pttl(builder.build(key, "state")) > 0
        assert await cluster.pttl(builder.build(old, "state")) == -2
        assert await cluster.pttl(builder.build(key, "data")) == -1
