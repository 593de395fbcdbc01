"""Which shard a chat belongs to."""

import zlib


def shard_of(bot_id: int, chat_id: int, shards: int) -> int:
    """Tell the shard of a bot's chat, from 0 up to but not including `shards`.

    Every replica must find the same, today's and tomorrow's: where a chat's mail and states lie
    depends on it. That rules out Python's own hash.
    """
    return zlib.crc32(f"{bot_id}:{chat_id}".encode()) % shards
