"""Boosts of chats: https://core.telegram.org/bots/api#getuserchatboosts."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.members import SUPERGROUPS, group, somebody
from sandbox.world.events import Json


async def get_user_chat_boosts(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getuserchatboosts"""
    chat, user_id = group(call, SUPERGROUPS, "supergroup", "channel"), somebody(call)
    if chat.member(call.bot.bot_id)["status"] != "administrator":
        raise bad_request("CHAT_ADMIN_REQUIRED")
    boosts = chat.boosts.values()
    return {"boosts": [one for one in boosts if one["source"]["user"]["id"] == user_id]}
