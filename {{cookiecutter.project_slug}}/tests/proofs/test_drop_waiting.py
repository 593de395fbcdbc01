"""What waits for a bot is dropped on demand, in pieces, also while its turns go on."""

import pytest
from redis.asyncio import Redis

from fleet.inbox import Outcome
from fleet.redis.keys import PREFIX
from fleet.shards.shard import key_of_shard
from tests.proofs.mail import KEYS_OF_AN_EMPTY_INBOX, text
from tests.proofs.replica import Replica, ids, name

BOT, OTHER_BOT = 1000001, 1000002
PAUSED = PREFIX + "paused of the test"


@pytest.fixture
async def replica(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Replica:
    monkeypatch.setattr("fleet.inbox.inbox.DROPPED_AT_ONCE", 2)
    replica = Replica(redis, "one")
    await replica.look()
    return replica


async def test_what_waits_is_dropped_and_turns_in_hand_come_to_their_end(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(n, user=n % 7 + 1) for n in range(21)])
    await replica.inbox.put(OTHER_BOT, [text(1)])
    turns = await replica.begin(*(await replica.waiting(BOT))[1:6:2])
    assert len(turns) == 3
    assert await replica.inbox.drop_waiting(BOT) == (18, 0)
    assert await replica.inbox.sizes() == {BOT: 3, OTHER_BOT: 1}
    assert await replica.waiting(BOT) == [turn.conversation for turn in turns]
    done = await replica.end(*turns[:2])
    assert done
    assert done.left == [0, 0]
    await replica.end(turns[2], outcome=Outcome.BACK)
    assert await replica.run_all(BOT) == [turns[2].update_id]
    assert await replica.inbox.sizes() == {OTHER_BOT: 1}


async def test_turns_in_hand_are_dropped_if_that_is_wanted(redis: Redis, replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(n, user=n % 5 + 1) for n in range(20)])
    turns = await replica.begin(*(await replica.waiting(BOT))[:3])
    assert await replica.inbox.drop_waiting(BOT, in_hand=True) == (20, 0)
    assert await replica.inbox.sizes() == {}
    await replica.inbox.put(BOT, [text(100 + turn.update_id) for turn in turns])
    for outcome, turn in zip(Outcome, turns, strict=True):
        assert await replica.end(turn, outcome=outcome)
    assert await replica.inbox.letters.count() == 0, "the end of what was dropped counts no more"
    assert await replica.run_all(BOT) == [100 + turn.update_id for turn in turns]
    await replica.work()
    keys = [key.decode() async for key in redis.scan_iter(PREFIX + "{*")]
    left = [key for key in keys if not KEYS_OF_AN_EMPTY_INBOX.fullmatch(key)]
    assert left == [PREFIX + "{0}:shard"]


async def test_dropped_ids_are_known_still(replica: Replica) -> None:
    updates = [text(n) for n in range(5)]
    await replica.inbox.put(BOT, updates)
    await replica.inbox.drop_waiting(BOT)
    assert await replica.inbox.put(BOT, updates) == 0
    assert await replica.inbox.put(BOT, [text(5)]) == 1
    assert await replica.run_all(BOT) == [5]


async def test_how_often_it_was_tried_is_dropped_too(redis: Redis, replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1)])
    await replica.end(*await replica.begin(name(BOT)), outcome=Outcome.BACK)
    assert await redis.exists(key_of_shard(PREFIX, 0, "tries"))
    assert await replica.inbox.drop_waiting(BOT) == (1, 0)
    assert not await redis.exists(key_of_shard(PREFIX, 0, "tries"))


async def test_all_shards_are_looked_at_and_there_is_room_again(redis: Redis) -> None:
    replica = Replica(redis, "one", 16, limit_per_bot=60)
    updates = [text(n, user=n % 40 + 1) for n in range(100)]
    assert await replica.inbox.put(BOT, updates[:60]) == 60
    assert not await replica.inbox.has_room(BOT)
    assert await Replica(redis, "two", 16).inbox.drop_waiting(BOT) == (60, 0)
    assert await replica.inbox.put(BOT, updates[60:]) == 40


async def test_nothing_is_dropped_once_the_bot_is_not_in_the_set(
    redis: Redis, replica: Replica
) -> None:
    """Somebody resumes it meanwhile."""
    await replica.inbox.put(BOT, [text(n, user=n + 1) for n in range(5)])
    assert await replica.inbox.drop_waiting(BOT, while_in=PAUSED) == (0, 0)
    await redis.execute_command("SADD", PAUSED, OTHER_BOT)
    assert await replica.inbox.drop_waiting(BOT, while_in=PAUSED) == (0, 0)
    await redis.execute_command("SADD", PAUSED, BOT)
    assert await replica.inbox.drop_waiting(BOT, while_in=PAUSED) == (5, 0)


async def test_dropping_while_a_turn_runs_leaves_its_successors_in_order(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(n) for n in (1, 2, 3)])
    turns = await replica.begin(name(BOT))
    assert await replica.inbox.drop_waiting(BOT) == (2, 0)
    await replica.inbox.put(BOT, [text(4), text(5)])
    done = await replica.end(*turns)
    assert done
    assert done.left == [2]
    assert ids(turns) + await replica.run_all(BOT) == [1, 4, 5]
