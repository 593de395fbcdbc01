"""How the bots are, as replicas tell it to each other through a real Redis."""

import orjson
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.bots.member import BotState
from fleet.bots.registry import Registry
from fleet.bots.states import UNREADABLE, BotStatus, States
from fleet.redis.hashes import PAGE
from fleet.redis.keys import PREFIX
from fleet.vault import Vault
from tests.waiting import until

ONE, TWO, THREE = 3000001, 3000002, 3000003
KEY = f"{PREFIX}states"
RUNNING = BotStatus(BotState.RUNNING, None, "one_bot", "here")


async def test_the_state_of_a_bot_is_told_again(redis: Redis) -> None:
    holder, other = States(redis, "here", retell=0.5), States(redis, "there")
    running = {ONE: RUNNING}
    await holder.tell(running)
    assert await other.read([ONE]) == running
    await other.forget(ONE)
    await holder.tell(running)
    assert await other.read([ONE]) == {}  # as a rule only what changed is told

    async def told_again() -> bool:
        await holder.tell(running)
        return await other.read([ONE]) == running

    await until(told_again, "the state is told again")


async def test_states_of_more_bots_than_go_into_one_command(redis: Redis) -> None:
    states = States(redis, "here")
    statuses = dict.fromkeys(range(ONE, ONE + 2 * PAGE + 1), RUNNING)
    await states.tell(statuses)
    assert await States(redis, "here").read(list(statuses)) == statuses


async def test_some_bots_are_asked_for_alone(redis: Redis) -> None:
    states = States(redis, "here")
    refused = BotStatus(BotState.UNAUTHORIZED, "Telegram refuses the token", None, "here")
    await states.tell({ONE: RUNNING, TWO: refused})
    assert await states.read([TWO, THREE]) == {TWO: refused}
    assert await states.read([]) == {}


@pytest.mark.parametrize(
    "damage",
    [b"{", b"[]", b"{}", b"\xff", b'{"state":7}', b'{"state":"running","error":[]}', b"null"],
)
async def test_a_damaged_state_is_that_bots_alone(redis: Redis, damage: bytes) -> None:
    states = States(redis, "here")
    await states.tell({ONE: RUNNING})
    await redis.execute_command("HSET", KEY, TWO, damage, "no bot", damage)
    unreadable = BotStatus(BotState.STARTING, UNREADABLE, None)
    assert await states.read([ONE, TWO]) == {ONE: RUNNING, TWO: unreadable}


async def test_a_state_of_a_newer_version_is_shown_as_it_was_told(
    redis: Redis,
) -> None:
    newer = {"state": "on-holiday", "error": "until May", "username": "one_bot", "since": {"at": 1}}
    await redis.execute_command("HSET", KEY, ONE, orjson.dumps(newer))
    assert await States(redis, "here").read([ONE]) == {
        ONE: BotStatus("on-holiday", "until May", "one_bot")
    }


async def test_an_idle_bot_takes_little_in_redis(redis: Redis) -> None:
    """The inbox knows something of it, too; in all it is to be 1 KB at the most."""
    bots = range(10**9, 10**9 + 100)
    registry = Registry(redis, Vault("k" * 40))
    for bot in bots:
        await registry.add(bot, SecretStr(f"{bot}:{'t' * 35}"), "support")
    long = BotStatus(BotState.RUNNING, None, f"a_{'long' * 6}_bot")
    await States(redis, "here").tell(dict.fromkeys(bots, long))
    taken = [await redis.memory_usage(PREFIX + key, samples=0) for key in ("registry", "states")]
    assert sum(map(int, taken)) < 500 * len(bots)
