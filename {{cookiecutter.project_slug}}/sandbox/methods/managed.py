"""Bots that manage others: https://core.telegram.org/bots/api#getmanagedbottoken."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world.bots import Bot


async def get_managed_bot_token(call: Call) -> str:
    """https://core.telegram.org/bots/api#getmanagedbottoken"""
    return managed_bot(call).token


async def replace_managed_bot_token(call: Call) -> str:
    """https://core.telegram.org/bots/api#replacemanagedbottoken"""
    return call.world.rotate(managed_bot(call))


def managed_bot(call: Call) -> Bot:
    """The bot of `user_id`. Raises ApiError 400 if the caller does not manage it."""
    bot = call.world.bots.get(call.params["user_id"])
    if bot is None or bot.manager_id != call.bot.bot_id:
        raise bad_request("managed bot not found")
    return bot
