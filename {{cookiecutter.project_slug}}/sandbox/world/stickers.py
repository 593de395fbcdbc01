"""Sticker sets of bots: https://core.telegram.org/bots/api#stickerset."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.world.events import Json


@dataclass(slots=True)
class StickerSet:
    """A set that a bot has made for a user."""

    bot_id: int
    user_id: int
    about: Json
    """The StickerSet object without its stickers."""
    stickers: list[Json] = field(default_factory=list)
    """Sticker objects."""

    @property
    def name(self) -> str:
        return str(self.about["name"])

    def describe(self) -> Json:
        """The StickerSet object."""
        return {**self.about, "stickers": self.stickers}

    def index(self, file_id: str) -> int | None:
        """Where a sticker is; None: not here."""
        ids = [one["file_id"] for one in self.stickers]
        return ids.index(file_id) if file_id in ids else None
