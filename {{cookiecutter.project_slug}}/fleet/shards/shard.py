"""Which shard a chat belongs to."""

import functools
import zlib

from fleet.redis.keys import tagged

NO_CHAT = 0
"""Stands for the chat of what belongs to a bot alone."""
BOTS = 1 << 14
"""More than a fleet has: of so many it is remembered."""


def shard_of(bot_id: int, chat_id: int, shards: int) -> int:
    """Tell the number of a chat's shard, from 0."""
    return zlib.crc32(f"{bot_id}:{chat_id}".encode()) % shards


@functools.lru_cache(BOTS)
def shard_of_bot(bot_id: int, shards: int) -> int:
    """Tell the number of a bot's own shard, which is asked of all bots each second."""
    return shard_of(bot_id, NO_CHAT, shards)


def shard_of_conversation(conversation: str, shards: int) -> int:
    """Tell the same of a conversation, as `fleet.inbox.conversation_of` names it."""
    bot, chat, _ = conversation.split(":", 2)
    # What has no chat has the name of its type there.
    number = chat if chat.lstrip("-").isdecimal() else NO_CHAT
    return zlib.crc32(f"{bot}:{number}".encode()) % shards


def key_of_shard(prefix: str, shard: int, name: str = "") -> str:
    """Name a key of a shard, or how all of them begin; what stands in braces is a Cluster's tag."""
    return f"{prefix}{tagged(shard)}:{name}"
