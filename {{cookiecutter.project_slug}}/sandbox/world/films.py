"""How long films and voice messages are, and how large, as their own boxes and pages tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator

OPUS_RATE = 48_000
"""Samples a second, whatever an Opus file was made from: RFC 7845."""
INSIDE = (b"moov", b"trak")


def film(data: bytes) -> dict[str, int]:
    """What is told of a film (MP4) or a voice message (Ogg with Opus): `duration` in seconds, and
    of a film `width` and `height`; nothing of what is damaged or neither."""
    try:
        return mp4(data) if data[4:8] == b"ftyp" else ogg(data) if data[:4] == b"OggS" else {}
    except (struct.error, IndexError, ZeroDivisionError):
        return {}


def mp4(data: bytes) -> dict[str, int]:
    """The same of an MP4: https://developer.apple.com/documentation/quicktime-file-format."""
    told: dict[str, int] = {}
    for kind, box in boxes(data):
        if kind == b"mvhd":
            # The times before are twice as long in version 1.
            start, form = (20, ">IQ") if box[0] else (12, ">II")
            rate, length = struct.unpack_from(form, box, start)
            told["duration"] = round(length / rate)
        if kind == b"tkhd":
            width, height = struct.unpack(">II", box[-8:])
            if width and height:
                told |= {"width": width >> 16, "height": height >> 16}
    return told


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an MP4 with their contents, also those inside a film and its tracks."""
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1:
            size, start = struct.unpack_from(">Q", data, start)[0], start + 8
        end = position + size if size else len(data)
        if end <= position:
            return
        yield kind, data[start:end]
        if kind in INSIDE:
            yield from boxes(data[start:end])
        position = end


def ogg(data: bytes) -> dict[str, int]:
    """The same of an Ogg file: its last page tells how many samples there are before its end."""
    last = data.rindex(b"OggS") if b"OpusHead" in data[:128] else -1
    if last < 0:
        return {}
    [samples] = struct.unpack_from("<Q", data, last + 6)
    return {"duration": round(samples / OPUS_RATE)}
