"""Groups that have become supergroups are remembered; states and timers go along, whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiogram import Dispatcher
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from fleet.bots.shared import Shared
from fleet.inbox import Turn
from fleet.inbox.mailboxes import Work
from fleet.inbox.relocation import Relocation
from fleet.inbox.timers import TimerBook
from fleet.outreach import Outreach
from fleet.overlay import Overlay, TimerWrite
from fleet.redis.keys import PREFIX
from fleet.redis.pool import create_redis
from fleet.settings import Settings
from fleet.shards.holder import Holder
from fleet.state_keys import keep_apart
from fleet.storage import FleetStorage, follow_moves
from fleet.telegram.movebook import MoveBook
from fleet.telegram.moves import Move, Moves
from fleet.telegram.session import create_sessions
from fleet.turn import TurnBack
from fleet.turn.moving import Moving
from tests.proofs.mail import text
from tests.proofs.redis_groups import Nodes, running
from tests.proofs.replica import Replica, Wire
from tests.states import commit

BOT, SHARDS = 1, 4
OLD, NEW = -5, -1007
MOVE = Move(BOT, OLD, NEW)
BEFORE, NOW = f"{BOT}:{OLD}:7", f"{BOT}:{NEW}:7"
FAR = 4102444800000
"""Milliseconds of Unix time: 2100."""


async def test_others_hear_of_it_and_those_that_start_later(redis: Redis) -> None:
    here, there, later = Moves(), Moves(), Moves()
    books = [MoveBook(redis, moves) for moves in (here, there, later)]
    await books[1].hear()
    here.note(MOVE)
    for _ in range(2):
        await books[0].tell()
    await redis.execute_command("XADD", "fleet:moves", "*", "bot", "x", "old", 1, "new", 2)
    assert await redis.execute_command("XLEN", "fleet:moves") == 2
    for book in books[1:]:
        await book.hear()
    assert (there.new_id(BOT, OLD), later.old_id(BOT, NEW)) == (NEW, OLD)
    assert not there.take_news(), "who has heard of it does not tell"


async def test_what_could_not_be_told_is_told_later(clean_redis: str) -> None:
    wire, moves, others = Wire.connect(clean_redis), Moves(), Moves()
    book = MoveBook(wire, moves)
    moves.note(MOVE)
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await book.tell()
    wire.keeps_back = False
    await book.tell()
    await MoveBook(wire, others).hear()
    assert others.new_id(BOT, OLD) == NEW
    await wire.aclose()


# States


class States:
    """A user's states, in the group and in the supergroup."""

    def __init__(self, redis: Redis) -> None:
        self.moves = Moves()
        self.storage = FleetStorage(redis, state_ttl=1000)
        follow_moves(Dispatcher(storage=self.storage), self.moves)

    def of(self, chat: int, user: int = 7, destiny: str = "default") -> FSMContext:
        return FSMContext(self.storage, StorageKey(BOT, chat, user, destiny=destiny))


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


# Timers and mail


def timer(name: str, due: int = FAR) -> TimerWrite:
    kept = {"name": name, "data": {"n": 1}, "due": due, "user": None}
    json = orjson.dumps({"timer": {**kept, "chat": {"id": OLD, "type": "group"}}})
    return TimerWrite(BEFORE, name, due, json)


async def kept(book: TimerBook, conversation: str) -> dict[str, int]:
    """Tell the names of a conversation's timers, and which chat their turns will be about."""
    found = await book.of(conversation)
    return {name: orjson.loads(json)["timer"]["chat"]["id"] for name, json in found.items()}


class Stage:
    """One replica that holds the shards, and a group that has moved."""

    def __init__(self, redis: Redis, shards: int = SHARDS) -> None:
        self.redis = redis
        self.book = TimerBook(redis, shards)
        self.relocation = Relocation(redis, shards)
        self.replica = Replica(redis, "a", shards)
        self.moves = Moves()
        self.moves.note(MOVE)
        self.replica.inbox.name_now = self.moves.now

    def moving(self) -> Moving:
        return Moving(self.redis, self.moves, SHARDS, prefix=PREFIX)

    async def prepare(self, conversation: str, **update: Any) -> bool:
        raw = update or {"message": {"chat": {"id": NEW}}}
        return await self.moving().prepare(Turn(conversation, 0, -1, orjson.dumps(raw)), raw)


@pytest.fixture
def stage(redis: Redis) -> Stage:
    return Stage(redis)


async def test_timers_are_the_supergroups_after_the_first_turn_there(stage: Stage) -> None:
    await stage.book.write(timer("nudge"))
    await stage.book.write(timer("größe two"))
    await stage.book.write(TimerWrite(NOW, "nudge", FAR + 1, timer("nudge").json))
    assert await stage.prepare(NOW)
    assert await kept(stage.book, BEFORE) == {}
    assert await kept(stage.book, NOW) == {"nudge": OLD, "größe two": NEW}, "who was first stays"
    assert {(one.conversation, one.due_ms) async for one in stage.book.all()} == {
        (NOW, FAR + 1),
        (NOW, FAR),
    }
    with_claims = [key async for key in stage.redis.scan_iter("*claims*")]
    assert not with_claims


async def test_what_waits_in_the_group_goes_first(stage: Stage) -> None:
    stage.replica.inbox.name_now = str
    await stage.replica.inbox.put(BOT, [text(1, user=7, chat=OLD)])
    with pytest.raises(TurnBack, match="goes first"):
        await stage.prepare(NOW)
    assert await stage.prepare(f"{BOT}:{NEW}:8"), "another user does not wait"
    await stage.book.write(timer("nudge"))
    assert await stage.prepare(f"{NOW}/stop"), "nor does what has a lane"
    assert await kept(stage.book, BEFORE), "what waits may still cancel it"


async def test_a_timer_that_fires_just_then_goes_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.replica.look()
    await stage.book.write(timer("nudge"))

    async def fire_instead(*_: object) -> None:
        await stage.book.fire(BEFORE, "nudge")
        await stage.replica.mailboxes.work(
            {held: Work(look=True) for held in stage.replica.holder.held.values()}
        )

    monkeypatch.setattr(Relocation, "bring", fire_instead)
    with pytest.raises(TurnBack, match="goes first"):
        await stage.prepare(NOW)


async def test_a_lane_has_the_timers_when_nothing_waits(stage: Stage) -> None:
    await stage.book.write(timer("nudge"))
    assert await stage.prepare(f"{NOW}/stop")
    assert await kept(stage.book, NOW) == {"nudge": NEW}


async def test_what_comes_late_from_the_group_is_in_order_with_the_rest(stage: Stage) -> None:
    await stage.replica.look()
    await stage.replica.inbox.put(BOT, [text(1, user=7, chat=OLD), text(2, user=7, chat=NEW)])
    waiting = [
        name
        for held in stage.replica.holder.held.values()
        for names in (await stage.replica.mailboxes.read(held, [BOT], 10)).values()
        for name in names
    ]
    assert waiting == [NOW]


@pytest.mark.parametrize("lost", range(1, 8))
async def test_timers_are_one_each_wherever_the_way_is_interrupted(
    stage: Stage, clean_redis: str, lost: int
) -> None:
    """A replica dies at its n-th command; its turn is begun again; the old timers fire, too."""
    for number in range(2):
        await stage.book.write(timer(str(number)))
    wire = Wire.connect(clean_redis)
    dying = Relocation(wire, SHARDS)
    sent = 0

    async def send(*args: Any, **options: Any) -> Any:
        nonlocal sent
        if args[0] != "SCRIPT LOAD":
            sent += 1
        if sent == lost:
            raise RedisConnectionError("dead")
        try:
            return await Redis.execute_command(wire, *args, **options)
        except NoScriptError:  # this Redis has not had it yet: it is asked again
            sent -= 1
            raise

    wire.execute_command = send  # type: ignore[method-assign]
    try:
        await dying.bring(BEFORE, NOW, lambda json: json)
    except RedisConnectionError:
        dies = True
    else:
        dies = False
    await wire.aclose()
    assert dies == (lost <= 6), "it has six commands, and this test sees each fail"
    # What fires there meanwhile has its turn there, if it was not brought.
    here = set(await kept(stage.book, BEFORE))
    fired = {
        name for name in sorted(here)[:1] if await stage.relocation.claim(BEFORE, NOW, name, 1)
    }
    for name in sorted(here)[:1]:  # its turn is over
        await stage.book.write(TimerWrite(BEFORE, name, None, b""))
    await stage.relocation.bring(BEFORE, NOW, lambda json: json)
    assert not await kept(stage.book, BEFORE)
    assert fired | set(await kept(stage.book, NOW)) == {"0", "1"}
    assert not fired & set(await kept(stage.book, NOW))


async def test_a_timer_whose_turn_has_claimed_it_is_not_brought(stage: Stage) -> None:
    await stage.book.write(timer("nudge"))
    assert await stage.relocation.claim(BEFORE, NOW, "nudge", 3)
    assert await stage.relocation.claim(BEFORE, NOW, "nudge", 3), "its turn may be begun again"
    await stage.relocation.bring(BEFORE, NOW, lambda json: json)
    assert await kept(stage.book, NOW) == {}
    assert await kept(stage.book, BEFORE) == {"nudge": OLD}
    assert not await stage.relocation.claim(BEFORE, NOW, "nudge", 4)


async def test_a_timer_that_fires_in_the_group_is_about_the_supergroup(stage: Stage) -> None:
    raw = orjson.loads(timer("nudge").json)
    assert await stage.prepare(BEFORE, **raw)
    moving, turn = stage.moving(), Turn(BEFORE, 0, -1, b"")
    assert await moving.prepare(turn, raw)
    assert raw["timer"]["chat"] == {"id": NEW, "type": "supergroup"}
    brought = Turn(BEFORE, 0, -2, b"")
    assert not await moving.prepare(brought, orjson.loads(timer("nudge").json))


@pytest.mark.parametrize(
    "told",
    [(OLD, {"migrate_to_chat_id": NEW}), (NEW, {"migrate_from_chat_id": OLD})],
    ids=["in the group", "in the supergroup"],
)
async def test_what_telegram_tells_is_written_before_it_enters(
    clean_redis: str, told: tuple[int, dict[str, int]]
) -> None:
    settings = Settings(bot_tokens=SecretStr(f"{BOT}:{'m' * 35}"))
    wire, sessions = Wire.connect(clean_redis), create_sessions(settings)
    shared, holder = Shared.open(wire, settings), Holder(wire, "a", 64)
    book = MoveBook(wire, sessions.moves)
    Outreach(wire, settings, shared, holder, sessions, lambda _: None, book)
    chat, news = told
    batch = [text(1, user=7, chat=OLD), text(2, user=9, chat=chat), text(3, user=8, chat=NEW)]
    batch[1]["message"] |= news
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await shared.inbox.put(BOT, batch)
    assert [arguments[0] for arguments, _ in wire.kept_back] == ["XADD"]
    wire.keeps_back = False
    assert await shared.inbox.put(BOT, batch) == 3
    others = Moves()
    await MoveBook(wire, others).hear()
    assert others.new_id(BOT, OLD) == NEW
    mailboxes = [key.decode() async for key in wire.scan_iter("*mail:*")]
    names = {key.partition("mail:")[2] for key in mailboxes}
    assert names == {f"{BOT}:{NEW}:{user}" for user in (7, 8, 9)}, "also what came before"
    await sessions.close()
    await wire.aclose()


async def test_the_first_turn_in_a_supergroup_knows_whether_it_was_a_group(
    clean_redis: str,
) -> None:
    wire, here, there = Wire.connect(clean_redis), Moves(), Moves()
    moving, turn = Moving(wire, there, SHARDS, prefix=PREFIX), Turn(NOW, 0, 1, b"{}")
    assert moving.concerns(turn)
    assert not moving.concerns(Turn(f"{BOT}:7:7", 0, 1, b"{}"))
    here.note(MOVE)
    await MoveBook(wire, here).tell()
    assert await moving.prepare(turn, {})
    assert there.old_id(BOT, NEW) == OLD
    wire.keeps_back = True
    assert await moving.prepare(turn, {}), "it asks once"
    with pytest.raises(TurnBack, match="Redis is away"):
        await moving.prepare(Turn(f"{BOT}:-1008:7", 0, 1, b"{}"), {})
    await wire.aclose()


async def test_a_book_that_is_damaged_keeps_nobody_from_work(redis: Redis) -> None:
    await redis.execute_command("SET", "fleet:moves", "x")
    moving = Moving(redis, Moves(), SHARDS, prefix=PREFIX)
    assert await moving.prepare(Turn(NOW, 0, 1, b"{}"), {})


async def test_without_redis_the_turn_goes_back(clean_redis: str) -> None:
    wire = Wire.connect(clean_redis)
    wire.keeps_back = True
    moves = Moves()
    moves.note(MOVE)
    moving = Moving(wire, moves, SHARDS, prefix=PREFIX)
    with pytest.raises(TurnBack, match="Redis is away"):
        await moving.prepare(Turn(NOW, 0, 1, b"{}"), {})
    await wire.aclose()


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
