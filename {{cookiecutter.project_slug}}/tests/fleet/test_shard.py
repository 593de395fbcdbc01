"""Where a chat belongs is agreed for ever."""

from collections import Counter

from fleet.shards.shard import shard_of


def test_a_chat_stays_where_it_is() -> None:
    chats = [(1000001, 7), (1000001, 8), (1000002, 7), (42, -1001234567890)]
    assert [shard_of(bot, chat, 64) for bot, chat in chats] == [11, 26, 18, 16]


def test_chats_are_spread_evenly() -> None:
    counts = Counter(shard_of(1000001, chat, 64) for chat in range(1, 64_001))
    assert len(counts) == 64
    assert max(counts.values()) < 1.2 * 1_000
