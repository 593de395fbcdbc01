"""Redis that has no memory left, and Redis that came back without its last writes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError

from fleet.inbox import EndedTurn, InboxFull, Outcome
from fleet.overlay import StateWrite
from fleet.redis.keys import PREFIX
from fleet.shards.replicas import Replicas
from tests.proofs.mail import text
from tests.proofs.redis_server import RedisServer
from tests.proofs.replica import Clock, Replica, ended, name, put_for_ever, silence

BOT = 1000001
ANN, BOB = name(BOT, 7), name(BOT, 8)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """One that keeps only what it is told to save."""
    server = RedisServer(tmp_path, "--appendonly", "no")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url) as client:
        yield client


# No memory


async def fill(redis: Redis) -> None:
    """From now on Redis refuses what takes memory."""
    await redis.config_set("maxmemory", "1")
    with pytest.raises(OutOfMemoryError):
        await redis.set("x", "x")


async def test_all_but_entering_works_while_redis_is_full(redis: Redis, clock: Clock) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    for user in range(7, 12):
        await replica.inbox.put(BOT, [text(n, user=user) for n in (user, 10 * user)])
    turns = await replica.begin(ANN)
    await redis.set("fsm:a", "old")
    await fill(redis)

    with pytest.raises(InboxFull, match="memory"):
        await replica.inbox.put(BOT, [text(1000)])
    await replica.look()
    done, back, dead = await replica.begin(BOB, name(BOT, 9), name(BOT, 10))
    writes = [StateWrite("fsm:a", b"new", None, BOT, 7), StateWrite("fsm:b", b"x", 9000, BOT, 7)]
    ends = [
        EndedTurn(turns[0], Outcome.DONE, writes=writes),
        EndedTurn(done, Outcome.DONE),
        EndedTurn(back, Outcome.BACK, again_in=1.0),
        EndedTurn(dead, Outcome.DEAD, "ValueError", "Traceback …"),
    ]
    result = await replica.work(*ends)
    assert result
    assert result.left == [1, 1, 2, 1]
    assert await redis.mget("fsm:a", "fsm:b") == [b"new", b"x"]
    [letter] = [letter async for letter in replica.inbox.letters.all()]
    assert await replica.inbox.letters.replay(letter.id)
    assert await replica.inbox.sizes() == {BOT: 8}

    # A new replica gets the shard of one that has died, and that one's turn.
    await replica.begin(ANN)
    heir = Replica(redis, "two")
    [taken] = await silence(clock, 30, [heir])
    assert sorted(taken.tries) == [(ANN, 1, 0, 0.0), (name(BOT, 9), 0, 1, pytest.approx(1, abs=1))]
    assert len(await heir.begin(*await heir.waiting(BOT))) == 5
    held = heir.held
    assert await heir.inbox.drop_waiting(BOT, in_hand=True) == (8, 0)
    await heir.holder.give([held])
    assert await redis.hget(PREFIX + "{0}:shard", "holder") is None  # type: ignore[misc]  # redis-py: sync or not
    await heir.holder.leave()


async def test_a_new_replica_starts_while_redis_is_full(redis: Redis) -> None:
    await Replicas(redis, 1).agree()
    await fill(redis)
    await Replicas(redis, 1).agree()
    replica = Replica(redis, "one")
    assert len(await replica.look()) == 1


async def test_a_full_redis_is_emptied_by_turns(redis: Redis) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    await redis.config_set("maxmemory", "4mb")
    with pytest.raises(InboxFull, match="memory"):
        await put_for_ever(replica.inbox, BOT)
    waiting = (await replica.inbox.sizes())[BOT]
    assert len(await replica.run_all(BOT)) == waiting
    assert await replica.inbox.put(BOT, [text(waiting + 1, user=waiting + 1)]) == 1


# The last writes are gone


async def restart(server: RedisServer, redis: Redis) -> None:
    """Let Redis come back as it was when it was last saved."""
    server.kill()
    server.start()
    with pytest.raises(RedisConnectionError):
        await redis.echo("hello")


async def test_redis_that_forgot_the_last_ends_gives_their_turns_again(
    server: RedisServer, redis: Redis
) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    await replica.inbox.put(BOT, [text(1), text(2), text(3, user=8)])
    turns = await replica.begin(ANN)
    await redis.save()
    await replica.work(*ended(turns), begin=[ANN])
    await restart(server, redis)

    # The first update counts as in hand there, although it was done long ago.
    assert await replica.work(begin=[BOB]) is None, "what it holds is older than it knows"
    replica.holder.lose(replica.held)
    [taken] = await replica.look()
    assert taken.tries == [(ANN, 1, 0, 0.0)]
    assert await replica.run_all(BOT) == [1, 3, 2]


async def test_redis_that_forgot_a_call_without_answer_is_no_reason_to_let_go(
    server: RedisServer, redis: Redis
) -> None:
    replica = Replica(redis, "one")
    await replica.look()
    await replica.inbox.put(BOT, [text(1), text(2)])
    turns = await replica.begin(ANN)
    await redis.save()
    await restart(server, redis)
    assert await replica.end(*turns)
    assert await replica.run_all(BOT) == [2]


async def test_redis_that_forgot_the_holder_has_none(server: RedisServer, redis: Redis) -> None:
    replica = Replica(redis, "one")
    await replica.inbox.put(BOT, [text(1)])
    await redis.save()
    await replica.look()
    turns = await replica.begin(ANN)
    await restart(server, redis)
    assert await replica.end(*turns) is None
    replica.holder.lose(replica.held)
    [taken] = await replica.look()
    assert (taken.bots, taken.tries) == ([BOT], [])
    assert await replica.run_all(BOT) == [1]
