"""Messages in words."""

from aiogram.enums import ContentType

from sandbox.summary import SERVICE

SAID = {
    *("text", "animation", "audio", "checklist", "contact", "dice", "document", "game", "giveaway"),
    *("giveaway_winners", "invoice", "live_photo", "location", "paid_media", "photo", "poll"),
    *("rich_message", "sticker", "story", "venue", "video", "video_note", "voice"),
}
"""What a message may be that somebody wrote."""
ASKED = {
    *("successful_payment", "web_app_data", "passport_data", "user_shared", "users_shared"),
    *("chat_shared", "managed_bot_created", "write_access_allowed", "connected_website"),
}
"""What people answer to what a bot has asked of them: bots never send these."""


def test_every_kind_of_message_is_said_or_tells_what_somebody_did() -> None:
    kinds = [*SAID, *ASKED, *SERVICE]
    assert sorted(kinds) == sorted({*ContentType} - {ContentType.ANY, ContentType.UNKNOWN})
