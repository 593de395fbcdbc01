"""A text and its entities while they are parsed, and how Telegram counts in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ApiError, bad_request

Json = dict[str, Any]


@dataclass
class Formatted:
    """Text that grows, with its entities. `length` is in UTF-16 code units."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[Json] = field(default_factory=list)

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.length += utf16_length(text)

    def mark(self, offset: int, details: Json | None) -> None:
        """Makes an entity of what came since an offset. Nothing came, or no details: no entity."""
        if details and self.length > offset:
            self.entities.append(details | {"offset": offset, "length": self.length - offset})


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, which is how Telegram counts.

    https://core.telegram.org/bots/api#messageentity
    """
    return len(text) if text.isascii() else len(utf16(text)) // 2


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def utf16_part(text: str, offset: int, length: int) -> str:
    """What an entity covers."""
    return utf16(text)[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def utf8_length(text: str) -> int:
    """Length in bytes, which is how the texts of errors count."""
    return len(text.encode("utf-8", "surrogatepass"))


def unparsable(text: str) -> ApiError:
    return bad_request(f"can't parse entities: {text}")
