"""Fields that Telegram still sends beside those that replaced them; the documentation does not tell
of them any more. Source: telegram-bot-api/Client.cpp of https://github.com/tdlib/telegram-bot-api.
"""

from __future__ import annotations

from typing import Any

from sandbox.world.events import Json

SAME = {
    "left_chat_member": "left_chat_participant",
    "thumbnail": "thumb",
    "video_chat_ended": "voice_chat_ended",
    "video_chat_participants_invited": "voice_chat_participants_invited",
    "video_chat_scheduled": "voice_chat_scheduled",
    "video_chat_started": "voice_chat_started",
}
"""Fields that have an older name, too."""
ORIGIN = {
    "author_signature": "forward_signature",
    "chat": "forward_from_chat",
    "date": "forward_date",
    "message_id": "forward_from_message_id",
    "sender_chat": "forward_from_chat",
    "sender_user": "forward_from",
    "sender_user_name": "forward_sender_name",
}
"""What of https://core.telegram.org/bots/api#messageorigin was in the message itself."""
SENDING = ("audios", "documents", "photos", "videos", "video_notes", "voice_notes")
"""What `can_send_media_messages` was about."""
NAMES = {
    *SAME.values(),
    *("can_manage_voice_chats", "can_send_media_messages", "contains_masks"),
    *("new_chat_member", "new_chat_participant"),
}
"""The older fields that aiogram does not know where they are added."""


def with_legacy(value: Any) -> Any:
    """The same JSON with the older fields."""
    if isinstance(value, list):
        return [with_legacy(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: with_legacy(one) for name, one in value.items()}
    return made | {SAME[name]: made[name] for name in SAME.keys() & made.keys()} | others(made)


def others(made: Json) -> Json:
    """The older fields that say something in another way."""
    older: Json = {}
    if added := made.get("new_chat_members"):
        older |= {"new_chat_participant": added[0], "new_chat_member": added[0]}
    if origin := made.get("forward_origin"):
        older |= {ORIGIN[name]: origin[name] for name in ORIGIN.keys() & origin.keys()}
    if "can_send_audios" in made:
        older["can_send_media_messages"] = any(made.get(f"can_send_{one}") for one in SENDING)
    if made.get("status") == "administrator":
        older["can_manage_voice_chats"] = made.get("can_manage_video_chats", False)
    if "sticker_type" in made:
        older["contains_masks"] = made["sticker_type"] == "mask"
    shared = made.get("users_shared", {})
    if len(shared.get("users", ())) == 1:
        user_id = shared["users"][0]["user_id"]
        older["user_shared"] = {"request_id": shared["request_id"], "user_id": user_id}
    return older
