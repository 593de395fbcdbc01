"""What the first bytes of pictures tell."""

from __future__ import annotations

import re
import struct

PNG = b"\x89PNG\r\n\x1a\n"
SVG = re.compile(rb'<svg [^>]*width="([0-9]{1,5})" height="([0-9]{1,5})"')
"""As the sandbox writes them."""
JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG segments that hold the size of the picture."""
BOXES = {"s": 90, "m": 320, "x": 800, "y": 1280}
"""The longest side of each of the sizes in which Telegram keeps a bot's photo:
https://core.telegram.org/api/files#image-thumbnail-types."""


def scaled(width: int, height: int) -> dict[str, tuple[int, int]]:
    """The sizes of a photo, by type, the smallest first: the last one is the largest that
    Telegram keeps."""
    made: dict[str, tuple[int, int]] = {}
    for kind, box in BOXES.items():
        made[kind] = fitted(width, height, box)
        if box >= max(width, height):
            break
    return made


def fitted(width: int, height: int, box: int) -> tuple[int, int]:
    """A picture's sides when the longest one is at most as long as the box."""
    part = min(1.0, box / max(width, height))
    return max(1, round(width * part)), max(1, round(height * part))


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, GIF, JPEG or WebP in pixels; (0, 0) for what is none."""
    if told := SVG.match(data):
        return int(told[1]), int(told[2])
    if data.startswith(PNG) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP" and len(data) >= 30:
        return webp_size(data)
    return jpeg_size(data)


def webp_size(data: bytes) -> tuple[int, int]:
    """The same of a WebP, which has one of three heads."""
    match data[12:16]:
        case b"VP8X":
            sizes = data[24:27], data[27:30]
            width, height = (int.from_bytes(one, "little") + 1 for one in sizes)
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            width, height = struct.unpack("<HH", data[26:30])
    return width, height


def jpeg_size(data: bytes) -> tuple[int, int]:
    """The same of a JPEG."""
    position = 2 if data.startswith(b"\xff\xd8") else len(data)
    while position + 9 <= len(data) and data[position] == 0xFF:
        if data[position + 1] in JPEG_SIZES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 0, 0
