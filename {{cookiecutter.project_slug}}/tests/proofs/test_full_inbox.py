"""A full inbox leaves updates with Telegram; of one user's flood the newest are dropped."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from fleet.inbox import Inbox, InboxFull
from fleet.inbox.inbox import LITTLE
from fleet.redis.keys import PREFIX
from fleet.shards.shard import key_of_shard
from tests.proofs.mail import DOCUMENTED_KEYS, text
from tests.proofs.redis_server import RedisServer
from tests.proofs.replica import Replica, name, put_for_ever

BOT, OTHER_BOT = 1000001, 1000002


@pytest.fixture
async def small_redis(tmp_path: Path) -> AsyncIterator[Redis]:
    """A Redis that is soon full."""
    server = RedisServer(tmp_path, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
    server.start()
    try:
        async with Redis.from_url(server.url) as client:
            yield client
    finally:
        server.kill()


async def test_a_full_bot_takes_nothing_more_and_others_do(redis: Redis) -> None:
    replica = Replica(redis, "one", limit_per_bot=3)
    await replica.look()
    inbox = replica.inbox
    assert await inbox.put(BOT, [text(n) for n in (1, 2, 3)]) == 3
    with pytest.raises(InboxFull, match="INBOX_LIMIT_PER_BOT"):
        await inbox.put(BOT, [text(4), text(5)])
    assert not await inbox.has_room(BOT)
    assert await inbox.put(OTHER_BOT, [text(4)]) == 1
    turns = await replica.begin(name(BOT))
    with pytest.raises(InboxFull):
        await inbox.put(BOT, [text(4), text(5)])  # a turn in hand counts
    await replica.end(*turns)
    assert await inbox.has_room(BOT)
    assert await inbox.put(BOT, [text(4), text(5)]) == 2, "nothing of it had entered"


async def test_a_bot_with_little_is_let_in_although_others_have_filled_the_inbox(
    redis: Redis,
) -> None:
    inbox = Inbox(redis, limit=2 * LITTLE)
    for bot in (BOT, OTHER_BOT):
        await inbox.put(bot, [text(n, user=n) for n in range(1, LITTLE + 1)])
    for bot in (BOT, OTHER_BOT):
        with pytest.raises(InboxFull, match="INBOX_LIMIT"):
            await inbox.put(bot, [text(LITTLE + 1)])
    assert await inbox.put(1, [text(n, user=n) for n in range(1, LITTLE + 1)]) == LITTLE
    with pytest.raises(InboxFull, match="INBOX_LIMIT"):
        await inbox.put(1, [text(LITTLE + 1)])


async def test_a_redelivery_into_a_full_inbox_is_none_if_it_is_there(redis: Redis) -> None:
    inbox = Inbox(redis, limit_per_bot=3)
    updates = [text(n, user=n) for n in (1, 2, 3)]
    await inbox.put(BOT, updates)
    assert await inbox.put(BOT, updates) == 0
    with pytest.raises(InboxFull):
        await inbox.put(BOT, [*updates, text(4)])
    assert await inbox.sizes() == {BOT: 3}


async def test_a_flood_of_one_user_is_bounded_and_the_newest_are_dropped(redis: Redis) -> None:
    replica = Replica(redis, "one", limit_per_user=3)
    await replica.look()
    flood = [text(n) for n in range(1, 9)]
    assert await replica.inbox.put(BOT, [*flood, text(9, user=8)]) == 9
    assert await replica.inbox.dropped() == {BOT: 5}
    assert await replica.inbox.sizes() == {BOT: 5}
    assert await replica.inbox.put(BOT, flood) == 0, "what is dropped is not offered again"
    assert sorted(await replica.run_all(BOT)) == [1, 2, 3, 4, 9], "the user is told of the fourth"
    assert await replica.inbox.put(BOT, [text(10)]) == 1
    assert await replica.run_all(BOT) == [10]


async def test_of_what_is_left_out_the_first_is_marked_and_waits_beside_it(redis: Redis) -> None:
    replica = Replica(redis, "one", limit_per_user=2)
    await replica.look()
    lane = name(BOT) + "/left-out"

    async def marked(*updates: dict[str, Any]) -> list[dict[str, Any]]:
        await replica.inbox.put(BOT, updates)
        turns = await replica.begin(lane)
        await replica.end(*turns)
        return [orjson.loads(turn.update) for turn in turns]

    photo = text(3)
    photo["message"]["media_group_id"] = "5"
    assert await marked(text(1), text(2), photo, text(4)) == [photo | {"left_out": True}]
    [turn] = await replica.begin(name(BOT))
    await replica.end(turn)
    assert await marked(text(5), text(6)) == [], "some have waited all the time"
    await replica.run_all(BOT)
    assert await marked(*map(text, (7, 8, 9))) == [text(9) | {"left_out": True}]
    assert DOCUMENTED_KEYS.fullmatch(key_of_shard(PREFIX, 0, f"told:{name(BOT)}"))


async def test_redis_without_memory_is_a_full_inbox(small_redis: Redis) -> None:
    inbox = Inbox(small_redis)
    with pytest.raises(InboxFull, match="memory"):
        await put_for_ever(inbox, BOT)
    entered = (await inbox.sizes())[BOT]
    assert await inbox.put(OTHER_BOT, []) == 0
    with pytest.raises(InboxFull, match="memory"):
        await inbox.put(BOT, [text(entered + 1)])
