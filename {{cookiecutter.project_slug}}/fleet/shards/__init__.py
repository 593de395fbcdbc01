"""Shards: everything about a chat is in one pair of hands."""
