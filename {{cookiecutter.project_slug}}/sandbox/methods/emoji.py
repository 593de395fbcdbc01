"""Custom emoji: https://core.telegram.org/bots/api#getcustomemojistickers.

Those of sets that the sandbox does not know are on Telegram's servers alone: a placeholder stands
for each.
"""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.stickers import of_file
from sandbox.methods.web import drawn
from sandbox.world.events import Json
from sandbox.world.files import Upload

MOST_IDS = 200
"""https://core.telegram.org/bots/api#getcustomemojistickers"""
NUMBER = re.compile(r"-?[0-9]{1,19}")
TOPIC_ICONS = {
    "5434144690511290129": "📰",
    "5312536423851630001": "💡",
    "5312016608254762256": "⚡",
}
TOPIC_ICONS |= {"5377544228505134960": "🎙", "5418085807791545980": "🔝", "5370870893004203704": "🗣"}
"""Some of those that Telegram offers for topics."""


async def get_custom_emoji_stickers(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getcustomemojistickers"""
    ids = call.params["custom_emoji_ids"]
    if len(ids) > MOST_IDS:
        raise bad_request("too many custom emoji identifiers specified")
    known_ones = {
        one["custom_emoji_id"]: one
        for found in call.world.sticker_sets.values()
        for one in found.stickers
        if "custom_emoji_id" in one
    }
    if not all(NUMBER.fullmatch(one) for one in ids):
        raise bad_request("invalid custom emoji identifier specified")
    return [known_ones.get(one) or placeholder(call, one) for one in dict.fromkeys(ids)]


async def get_forum_topic_icon_stickers(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getforumtopiciconstickers"""
    return [placeholder(call, one) for one in TOPIC_ICONS]


def placeholder(call: Call, emoji_id: str, **about: object) -> Json:
    """A custom emoji of which only its id is known, or what else is told `about`: always the same
    file."""
    file = call.world.emoji_files.get(emoji_id)
    if file is None:
        kind = "sticker" if emoji_id in TOPIC_ICONS or about else "custom_emoji"
        upload = Upload("emoji.svg", drawn(f"emoji {emoji_id}", kind))
        file = call.world.files.add(upload, "sticker")
        call.world.emoji_files[emoji_id] = file
    file.bots.add(call.bot.bot_id)
    custom: Json = {"type": "custom_emoji", "custom_emoji_id": emoji_id, "emoji": "⭐"}
    if emoji_id in TOPIC_ICONS:
        custom |= {"emoji": TOPIC_ICONS[emoji_id], "set_name": "Topics", "is_animated": True}
    return of_file(file, about or custom)
