"""How long films and voice messages are, and how large, as their own boxes and pages tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator

OPUS_RATE = 48_000
"""Samples a second, whatever an Opus file was made from: RFC 7845."""


def film(data: bytes) -> dict[str, int]:
    """What is told of a film (MP4) or a voice message (Ogg with Opus): `duration` in seconds, and
    of a film `width` and `height`; nothing of what is damaged or neither."""
    try:
        return mp4(memoryview(data)) if data[4:8] == b"ftyp" else ogg(data)
    except (struct.error, IndexError, ZeroDivisionError):
        return {}


def mp4(data: memoryview) -> dict[str, int]:
    """The same of an MP4: https://developer.apple.com/documentation/quicktime-file-format."""
    told: dict[str, int] = {}
    for movie in inside(data, b"moov"):
        for head in inside(movie, b"mvhd"):
            # The times before are twice as long in version 1.
            start, form = (20, ">IQ") if head[0] else (12, ">II")
            rate, length = struct.unpack_from(form, head, start)
            told["duration"] = round(length / rate)
        for track in inside(movie, b"trak"):
            for head in inside(track, b"tkhd"):
                width, height = struct.unpack(">II", head[-8:])
                if width and height:
                    told |= {"width": width >> 16, "height": height >> 16}
    return told


def inside(data: memoryview, name: bytes) -> Iterator[memoryview]:
    """The contents of the boxes with a name that an MP4, or a box of one, is made of."""
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1:
            size, start = struct.unpack_from(">Q", data, start)[0], start + 8
        end = position + size if size else len(data)
        if end <= position:
            return
        if kind == name:
            yield data[start:end]
        position = end


def ogg(data: bytes) -> dict[str, int]:
    """The same of an Ogg file: its last page tells how many samples there are before its end."""
    if data[:4] != b"OggS" or b"OpusHead" not in data[:128]:
        return {}
    [samples] = struct.unpack_from("<Q", data, data.rindex(b"OggS") + 6)
    return {"duration": round(samples / OPUS_RATE)}
