"""Reactions that are taken away: https://core.telegram.org/bots/api#deletemessagereaction."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.members import GROUPS, group, need_right
from sandbox.world.chats import Chat, Stored


async def delete_message_reaction(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemessagereaction"""
    chat = moderated(call)
    take(call, chat, [call.message(chat, "message to delete reaction not found")])
    return True


async def delete_all_message_reactions(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deleteallmessagereactions"""
    chat = moderated(call)
    take(call, chat, list(chat.messages.values()))
    return True


def moderated(call: Call) -> Chat:
    """The group, in which the bot may delete. Raises ApiError 400."""
    chat = group(call, GROUPS, "group", "supergroup")
    need_right(call, chat, "can_delete_messages", "delete reactions in the chat")
    return chat


def take(call: Call, chat: Chat, messages: list[Stored]) -> None:
    """Takes away what one of `user_id` or `actor_chat_id` has reacted with. Raises ApiError 400."""
    by = call.params.get("user_id") or call.params.get("actor_chat_id")
    if by is None:
        raise bad_request("invalid user_id specified")
    for stored in messages:
        if stored.reactions.pop(by, None):
            chat.tell_reactions(stored)


MODELS = dict.fromkeys(
    ("deleteMessageReaction", "deleteAllMessageReactions"), ("user_id", "actor_chat_id")
)
