"""Sticker sets that others have published: https://core.telegram.org/bots/api#stickerset."""

from __future__ import annotations

from typing import Literal

from sandbox.errors import ControlError
from sandbox.methods.stickers import of_file
from sandbox.methods.web import drawn
from sandbox.world.events import Json
from sandbox.world.files import Upload
from sandbox.world.stickers import StickerSet
from sandbox.world.world import World

NOBODY = 0
"""Whose set it is: no bot may change it."""


async def add_sticker_set(
    world: World,
    name: str,
    title: str,
    emoji: list[str],
    sticker_type: Literal["regular", "mask", "custom_emoji"] = "regular",
    custom_emoji_ids: list[str] | None = None,
) -> Json:
    """A set that bots know by its name, with a placeholder as the sticker for each emoji."""
    if name.lower() in world.sticker_sets:
        raise ControlError(f"name: there is a set {name} already")
    if custom_emoji_ids is not None and len(custom_emoji_ids) != len(emoji):
        raise ControlError("custom_emoji_ids: give one for each emoji")
    made = StickerSet(NOBODY, NOBODY, {"name": name, "title": title, "sticker_type": sticker_type})
    for one, emoji_id in zip(emoji, custom_emoji_ids or map(str, range(len(emoji))), strict=True):
        kind = "custom_emoji" if sticker_type == "custom_emoji" else "sticker"
        upload = Upload("sticker.svg", drawn(f"{one} of {name}", kind))
        file = world.files.add(upload, "sticker", file_id=f"sticker-{name}-{emoji_id}")
        about: Json = {"type": sticker_type, "set_name": name, "emoji": one}
        if custom_emoji_ids is not None:
            about["custom_emoji_id"] = emoji_id
        made.stickers.append(of_file(file, about))
    world.sticker_sets[name.lower()] = made
    return made.describe()


COMMANDS = (add_sticker_set,)
