"""Those who write in the name of a chat: https://core.telegram.org/bots/api#banchatsenderchat."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.members import RESTRICT, SUPERGROUPS, group, need_right
from sandbox.world.chats import Chat


async def ban_chat_sender_chat(call: Call) -> bool:
    """https://core.telegram.org/bots/api#banchatsenderchat"""
    chat, sender_id = target(call)
    chat.banned_senders.add(sender_id)
    return True


async def unban_chat_sender_chat(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unbanchatsenderchat"""
    chat, sender_id = target(call)
    chat.banned_senders.discard(sender_id)
    return True


def target(call: Call) -> tuple[Chat, int]:
    """The chat, in which the bot may restrict, and the id of the one that writes there. Raises
    ApiError 400."""
    chat = group(call, SUPERGROUPS, "supergroup", "channel")
    need_right(call, chat, "can_restrict_members", RESTRICT)
    sender_id: int = call.params["sender_chat_id"]
    if sender_id not in call.world.groups:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return chat, sender_id
