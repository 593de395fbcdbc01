"""The type of a file: by its name, else by its first bytes, as Telegram tells it."""

from __future__ import annotations

import mimetypes

BYTES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"<svg": "image/svg+xml",
    b"%PDF-": "application/pdf",
    b"PK\3\4": "application/zip",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
    b"\x1aE\xdf\xa3": "video/webm",
    b"\x1f\x8b": "application/gzip",
}
"""What files of a type begin with."""
ONLY = {
    "animation": ("video/mp4", ("image/gif", "video/")),
    "audio": ("audio/mpeg", ("audio/",)),
    "photo": ("image/jpeg", ()),
    "sticker": ("image/webp", ("video/webm", "application/x-tgsticker")),
    "video": ("video/mp4", ("video/",)),
    "video_note": ("video/mp4", ()),
    "voice": ("audio/ogg", ("audio/ogg", "audio/mpeg", "audio/mp4")),
}
"""What a file for a field of a Message is, unless its own type begins with one of the others."""
STICKER = {".tgs": "application/x-tgsticker", ".webm": "video/webm"}
GZIP = "application/gzip"


def by_content(data: bytes) -> str:
    """The type that the first bytes tell; empty for what is not known."""
    if data[4:8] == b"ftyp":
        return "video/mp4"
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/x-wav"}.get(data[8:12], "")
    return next((kind for begin, kind in BYTES.items() if data.startswith(begin)), "")


def mime_type(name: str, data: bytes, kind: str) -> str:
    """The type of a file for a field of a Message."""
    found = mimetypes.guess_type(name)[0] or by_content(data) or "application/octet-stream"
    if kind == "sticker":
        found = sticker_type(name, data)
    default, others = ONLY.get(kind, (found, ()))
    return found if found.startswith(others) else default


def sticker_type(name: str, data: bytes) -> str:
    """The same of a sticker, of which `.tgs` are animated: gzip with JSON inside."""
    suffix = next((kind for end, kind in STICKER.items() if name.lower().endswith(end)), "")
    told = by_content(data)
    return suffix or (STICKER[".tgs"] if told == GZIP else told)
