"""Messages in words, for those who read a terminal."""

from __future__ import annotations

from sandbox.world.events import Json

ABOUT = (
    *("from", "chat", "reply_markup", "reply_to_message", "link_preview_options"),
    *("reactions", "votes"),
)
"""What a message has besides its content."""
NAMES = ("question", "title", "file_name", "first_name")
"""By which something in a message is called."""
SERVICE = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "pinned_message",
    "gift",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
)
"""What a message has that tells what somebody did, and is nothing that was said."""


def transcript(messages: list[Json]) -> str:
    """A chat in lines to read, the last 20 messages."""
    lines = [
        f"  [{message['message_id']}] {writer(message)}: {summary(message) or '…'}"
        for message in messages[-20:]
    ]
    return "\n".join(lines) or "  (nothing was said)"


def writer(message: Json) -> str:
    """The name of who wrote a message: a user, a bot or a channel."""
    by = message.get("sender_chat") or message["from"]
    return str(by.get("title") or by["first_name"])


def summary(message: Json) -> str:
    """What is in a message, to read: files and the like in brackets, then its text."""
    things = []
    for kind, value in message.items():
        if isinstance(value, dict | list) and kind not in ABOUT and not kind.endswith("entities"):
            names = (
                [value[name] for name in NAMES if name in value] if isinstance(value, dict) else []
            )
            things.append(f"[{' '.join([kind, *names[:1]])}]")
    words = (message[name] for name in ("text", "caption") if message.get(name))
    return "  ".join([*things, *words])
