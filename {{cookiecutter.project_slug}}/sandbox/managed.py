"""Methods by which a bot manages others: https://core.telegram.org/bots/api#getmanagedbottoken."""

from __future__ import annotations

from sandbox.api import Answer, Call
from sandbox.bots import Bot
from sandbox.errors import bad_request


async def get_managed_bot_token(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#getmanagedbottoken"""
    return Answer(managed_bot(call).token)


async def replace_managed_bot_token(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#replacemanagedbottoken"""
    return Answer(call.sandbox.rotate(managed_bot(call)))


def managed_bot(call: Call) -> Bot:
    """The bot of `user_id`. Raises ApiError 400 if the caller does not manage it."""
    bot = call.sandbox.bots.get(call.params.whole("user_id") or 0)
    if bot is None or bot.manager_id != call.bot.bot_id:
        raise bad_request("managed bot not found")
    return bot
