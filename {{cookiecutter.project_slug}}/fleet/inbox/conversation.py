"""Which conversation an update belongs to: what is kept in order, one turn at a time.

Some do not wait for the turn that their conversation has in hand: they are in a *lane* beside it,
with a mailbox of its own, `bot:chat:user/lane`. What is in one lane is kept in order, but not with
what is in others.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Order(StrEnum):
    """Who shares a conversation: those who share a state."""

    USER_IN_CHAT = "user-in-chat"
    """Each user in each chat has one."""
    CHAT = "chat"
    """All in a chat have one."""
    USER = "user"
    """Each user has one for all chats with the bot."""


def conversation_of(
    bot_id: int, update: Mapping[str, Any], order: Order = Order.USER_IN_CHAT
) -> str:
    """Name the conversation of a raw update: `bot:chat:user`.

    Works on the JSON that Telegram sent, so that types which aiogram does not know yet are
    ordered too. What has no chat belongs to the private chat with its user (an inline query, a
    shipping query), as FSM contexts do. What has neither is kept in order by its subject: a poll
    by the poll's id, anything else by its type.

    Source: https://core.telegram.org/bots/api#update and the types that it names.
    """
    kind, event = next(
        ((key, value) for key, value in update.items() if key != "update_id"), ("empty", None)
    )
    if not isinstance(event, Mapping):
        return f"{bot_id}:{kind}:0"
    boost = event.get("boost", event)
    chat = _id(event, "chat") or _id(event.get("message"), "chat") or _id(event, "voter_chat")
    user = (
        _id(event, "from")
        or _id(event, "user")
        or _id(event, "actor_chat")
        or _id(boost.get("source") if isinstance(boost, Mapping) else None, "user")
    )
    if chat is None and user is None:
        subject = event.get("id")
        return f"{bot_id}:{kind}:{subject if isinstance(subject, str | int) else 0}"
    if order is Order.CHAT:
        user = chat
    elif order is Order.USER:
        chat = user
    return f"{bot_id}:{chat or user}:{user or chat}"


LANES = {
    "pre_checkout_query": "checkout",
    "shipping_query": "checkout",
    "inline_query": "inline",
}
"""By kind of update: what Telegram or the user does not wait for as long as turns may take."""

ALBUM_HINT = b"media_group_id"
"""What stands in the JSON of every part of an album: most updates need not be looked at further."""
_ALBUMS = frozenset({"message", "channel_post", "business_message"})
_NO_LANES: Mapping[str, str] = {}


def mailbox_of(
    bot_id: int,
    update: Mapping[str, Any],
    order: Order = Order.USER_IN_CHAT,
    commands: Mapping[str, str] = _NO_LANES,
) -> str:
    """Name the conversation of a raw update, and its lane if it has one.

    `commands` has the lanes of some, by their names in lower case.
    """
    name = conversation_of(bot_id, update, order)
    for kind, lane in LANES.items():
        if kind in update:
            return f"{name}/{lane}"
    if commands and isinstance(message := update.get("message"), Mapping):
        text = message.get("text")
        if isinstance(text, str) and text.startswith("/"):
            command = text.split(maxsplit=1)[0][1:].partition("@")[0].lower()
            if command in commands:
                return f"{name}/{commands[command]}"
    return name


def album_of(update: Mapping[str, Any]) -> str | None:
    """Name the album that a raw update is a part of."""
    for kind in _ALBUMS & update.keys():
        event = update[kind]
        group = event.get("media_group_id") if isinstance(event, Mapping) else None
        if isinstance(group, str) and group.isalnum():
            return group
    return None


def without_lane(conversation: str) -> str:
    """Name the conversation without its lane."""
    return conversation.partition("/")[0]


def bot_of(conversation: str) -> int:
    """Tell whose conversation it is."""
    return int(conversation.partition(":")[0])


def _id(holder: Any, key: str) -> int | None:
    """Read `holder[key]["id"]`, if it is there and a whole number."""
    value = holder.get(key) if isinstance(holder, Mapping) else None
    number = value.get("id") if isinstance(value, Mapping) else None
    return number if isinstance(number, int) else None
