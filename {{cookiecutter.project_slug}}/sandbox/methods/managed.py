"""Bots that manage others: https://core.telegram.org/bots/api#getmanagedbottoken."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world.bots import Bot
from sandbox.world.events import Json

MOST_ADDED = 10
"""https://core.telegram.org/bots/api#setmanagedbotaccesssettings"""


async def get_managed_bot_token(call: Call) -> str:
    """https://core.telegram.org/bots/api#getmanagedbottoken"""
    return managed_bot(call).token


async def replace_managed_bot_token(call: Call) -> str:
    """https://core.telegram.org/bots/api#replacemanagedbottoken"""
    return call.world.rotate(managed_bot(call))


async def get_managed_bot_access_settings(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getmanagedbotaccesssettings"""
    settings = managed_bot(call).profile.get(("access", ""), {"is_access_restricted": False})
    added = [call.world.user(user_id) for user_id in settings.get("added_user_ids", ())]
    users = {"added_users": added} if added else {}
    return {"is_access_restricted": settings["is_access_restricted"], **users}


async def set_managed_bot_access_settings(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmanagedbotaccesssettings: kept, and told, but whoever
    writes to the bot here is let in."""
    bot, restricted = managed_bot(call), call.params["is_access_restricted"]
    added = call.params.get("added_user_ids", []) if restricted else []
    if len(added) > MOST_ADDED:
        raise bad_request("too many user identifiers specified")
    bot.profile["access", ""] = {"is_access_restricted": restricted, "added_user_ids": added}
    return True


def managed_bot(call: Call) -> Bot:
    """The bot of `user_id`. Raises ApiError 400 if the caller does not manage it."""
    bot = call.world.bots.get(call.params["user_id"])
    if bot is None or bot.manager_id != call.bot.bot_id:
        raise bad_request("managed bot not found")
    return bot


MODELS = {"setManagedBotAccessSettings": ("added_user_ids",)}
