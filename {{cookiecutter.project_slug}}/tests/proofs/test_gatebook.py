"""Gates are known to all replicas, and outlive those that shut them."""

from typing import Any

import pytest
from aiogram import Dispatcher
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.replica import Replica
from fleet.settings import Settings
from fleet.shards.holder import Taken
from fleet.telegram.gate import Gate
from fleet.telegram.gatebook import GateBook, gate_of, name
from fleet.telegram.gates import Gates
from fleet.telegram.movebook import MoveBook
from fleet.telegram.moves import Move, Moves
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers
from tests.proofs.watch import APP, get, new_bots, until_held, until_in
from tests.waiting import until

GATES = [Gate(1), Gate(1, chat="-100"), Gate(1, chat="@news"), Gate(2, method="setMyName")]


async def test_what_one_replica_shuts_is_shut_for_the_others_until_it_opens(redis: Redis) -> None:
    one, two, late = (Gates() for _ in range(3))
    book = GateBook(redis)
    for gate in GATES:
        one.shut(gate, 60)
    await book.exchange(one)
    two.shut(Gate(1), 5)
    await book.exchange(two)
    assert two.shut_now().keys() == set(GATES)
    for gate in GATES:
        assert two.seconds_left(gate) == pytest.approx(60, abs=5), "no shorter one opens it sooner"
    await book.exchange(late)
    assert late.shut_now().keys() == set(GATES)
    await redis.hset("fleet:gates", mapping=dict.fromkeys(map(name, GATES), 1))  # type: ignore[misc]
    await book.exchange(late)
    assert await redis.exists("fleet:gates") == 0, "what is open leaves nothing"


async def test_a_damaged_gate_is_passed_over(redis: Redis) -> None:
    await redis.hset("fleet:gates", mapping={b"\xff": 9e15, "x:bot:": 9e15, "1:bot:": "soon"})  # type: ignore[misc]
    gates = Gates()
    await GateBook(redis).exchange(gates)
    assert gates.shut_now() == {}
    assert [gate_of(name(gate)) for gate in GATES] == GATES


async def test_a_flooded_chat_is_left_alone_by_all_replicas_and_each_line_comes_once(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    """Its conversations wait in the inbox, without a place; the lines that were said stay said."""
    group, users = -1001, range(1, 7)
    [bot], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": token, "CONCURRENCY": "2"}
    services = [await start_service(APP, **settings) for _ in range(2)]
    await until_held(redis, {(await get(service))[1]["replica"] for service in services})
    await sandbox.fault("429", bot, method="sendMessage", chat_id=group, retry_after=12, times=1)
    for user in users:
        await sandbox.send(bot, "lines 2", user_id=user, chat_id=group)

    async def is_shut() -> bool:
        told = [(await get(service))[1]["gates"] for service in services]
        return all(one and one[0]["chat"] == str(group) for one in told)

    await until(is_shut, "both replicas know of it")
    for other in range(20, 30):
        await sandbox.send(bot, "hello", user_id=other)
    for other in range(20, 30):
        assert (await sandbox.reply(bot, other))["text"] == "hello", "the others go on"

    await until_in("running", services[0])  # it was never told to be in flood wait

    async def all_said() -> bool:
        return len(await answers(sandbox, bot, group)) >= 2 * len(users)

    await until(all_said, "the group has all lines")
    assert sorted(await answers(sandbox, bot, group)) == sorted(["line 1", "line 2"] * len(users))
    calls = await calls_to(sandbox, bot, group)
    [refused] = [call for call in calls if call["status"] == 429]
    early = [call for call in calls if call["at"] < refused["at"] + 12]
    assert early == [refused], "nobody called into the shut gate"


async def test_who_takes_shards_knows_gates_and_moves_before_a_turn_begins_there(
    redis: Redis, clean_redis: str
) -> None:
    shut, moved, move = Gates(), Moves(), Move(1, -5, -1005)
    shut.shut(GATES[0], 60)
    moved.note(move)
    await GateBook(redis).exchange(shut)
    await MoveBook(redis, moved).tell()
    settings = Settings(redis_url=SecretStr(clean_redis), bot_tokens=SecretStr("1:" + "a" * 35))
    heir = Replica(settings, lambda _: Dispatcher(), None)
    sessions, known = heir.sessions, list[bool]()

    def note(_: Taken) -> None:
        is_shut, new = sessions.gates.seconds_left(GATES[0]) > 0, sessions.moves.new_id(1, move.old)
        known.append(is_shut and new == move.new)

    heir.holder.open()
    await heir.holder.look(note)
    await heir.sessions.close()
    await heir.redis.aclose()
    assert known == [True] * heir.holder.shards


async def calls_to(sandbox: SandboxClient, bot: int, chat: int) -> list[dict[str, Any]]:
    calls = await sandbox.calls(bot, "sendMessage")
    return [call for call in calls if str(call["params"]["chat_id"]) == str(chat)]
