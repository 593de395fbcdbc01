"""Messages in words, for those who read a terminal."""

from __future__ import annotations

from sandbox.world.events import Json

ABOUT = (
    *("from", "sender_chat", "chat", "reply_markup", "reply_to_message", "link_preview_options"),
    *("receiver_user", "sender_business_bot", "reactions", "votes"),
)
"""What a message has besides its content."""
NAMES = ("question", "title", "file_name", "first_name")
"""By which something in a message is called."""
SERVICE = (
    *("new_chat_members", "left_chat_member", "chat_owner_left", "chat_owner_changed"),
    *("new_chat_title", "new_chat_photo", "delete_chat_photo", "chat_background_set"),
    *("group_chat_created", "supergroup_chat_created", "channel_chat_created"),
    *("migrate_to_chat_id", "migrate_from_chat_id", "message_auto_delete_timer_changed"),
    *("community_chat_added", "community_chat_joined", "community_chat_removed"),
    *("pinned_message", "boost_added", "proximity_alert_triggered"),
    *("forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened"),
    *("general_forum_topic_hidden", "general_forum_topic_unhidden"),
    *("video_chat_scheduled", "video_chat_started", "video_chat_ended"),
    "video_chat_participants_invited",
    *("gift", "gift_upgrade_sent", "unique_gift", "giveaway_created", "giveaway_completed"),
    *("checklist_tasks_added", "checklist_tasks_done", "poll_option_added", "poll_option_deleted"),
    *("paid_message_price_changed", "direct_message_price_changed", "refunded_payment"),
    *("suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined"),
    *("suggested_post_paid", "suggested_post_refunded"),
)
"""What a message has that tells what somebody did, and is nothing that was said."""


def is_service(message: Json) -> bool:
    """Whether a message tells what somebody did. All others of a bot are its replies: also those
    without a text. An edit is none."""
    return any(one in message for one in SERVICE)


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
        if kind in SERVICE or (
            isinstance(value, dict | list) and kind not in ABOUT and not kind.endswith("entities")
        ):
            things.append(f"[{' '.join(filter(None, [kind, _name(value)]))}]")
    words = (message[name] for name in ("text", "caption") if message.get(name))
    return "  ".join([*things, *words])


def _name(value: object) -> str:
    """What something in a message is called, or tells: the new title of a group, its new id."""
    if isinstance(value, dict):
        return next((str(value[name]) for name in NAMES if name in value), "")
    if isinstance(value, list):
        return ", ".join(filter(None, map(_name, value)))
    return "" if value is True else str(value)
