"""Which shard a chat belongs to."""

import zlib

from fleet.redis.keys import tagged

NO_CHAT = 0
"""Stands for the chat of what belongs to a bot alone."""


def shard_of(bot_id: int, chat_id: int, shards: int) -> int:
    """Tell the number of a chat's shard, from 0; with `NO_CHAT`, of the bot's own shard."""
    return zlib.crc32(f"{bot_id}:{chat_id}".encode()) % shards


def shard_of_conversation(conversation: str, shards: int) -> int:
    """Tell the same of a conversation, as `fleet.inbox.conversation_of` names it."""
    bot, chat, _ = conversation.split(":", 2)
    # What has no chat has the name of its type there.
    number = chat if chat.lstrip("-").isdecimal() else NO_CHAT
    return zlib.crc32(f"{bot}:{number}".encode()) % shards


def key_of_shard(prefix: str, shard: int, name: str = "") -> str:
    """Name a key of a shard, or how all of them begin; what stands in braces is a Cluster's tag."""
    return f"{prefix}{tagged(shard)}:{name}"
