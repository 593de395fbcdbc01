"""Messages in words."""

from typing import Any

import pytest
from aiogram.enums import ContentType

from sandbox.summary import SERVICE, summary

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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"text": "hello", "sender_chat": {"id": -5, "title": "News"}}, "hello"),
        ({"photo": [{"file_id": "x"}], "caption": "look"}, "[photo]  look"),
        ({"document": {"file_name": "a.txt"}}, "[document a.txt]"),
        (
            {"new_chat_members": [{"first_name": "Bob"}, {"first_name": "Carol"}]},
            "[new_chat_members Bob, Carol]",
        ),
        ({"new_chat_title": "Team"}, "[new_chat_title Team]"),
        ({"delete_chat_photo": True}, "[delete_chat_photo]"),
        ({"migrate_to_chat_id": -1000000001000}, "[migrate_to_chat_id -1000000001000]"),
    ],
)
def test_a_message_in_words(content: dict[str, Any], words: str) -> None:
    assert summary(content) == words
