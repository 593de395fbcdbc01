"""Files that bots and users sent: https://core.telegram.org/bots/api#sending-files."""

from __future__ import annotations

import hashlib
import itertools
import mimetypes
import secrets
import struct
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

KEPT_BYTES = 256 * 1024 * 1024
"""Of all files together; the oldest are forgotten."""
FOLDERS = {"photo": "photos", "video": "videos", "voice": "voice", "audio": "music"}
PNG = b"\x89PNG\r\n\x1a\n"
JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG segments that hold the size of the picture."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came."""

    name: str
    data: bytes
    mime_type: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that is kept."""

    file_id: str
    unique_id: str
    path: str
    """What getFile calls `file_path`."""
    name: str
    data: bytes
    mime_type: str
    kind: str
    """The field of a Message that it is for, such as `photo`."""
    bots: set[int] = field(default_factory=set)
    """Those that were told of it."""
    about: dict[str, object] = field(default_factory=dict)
    """What is known of it besides, such as the set of a sticker."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a picture, (0, 0) for what is none."""
        return picture_size(self.data)


class Files:
    """All files, by id."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, File] = OrderedDict()
        self._numbers = itertools.count()
        self._bytes = 0

    def add(self, upload: Upload, kind: str, *bots: int) -> File:
        """Keep a file, of which `bots` know."""
        guessed = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        folder = FOLDERS.get(kind, "documents")
        path = f"{folder}/file_{next(self._numbers)}{PurePath(upload.name).suffix}"
        unique_id = hashlib.sha256(upload.data).hexdigest()[:16]
        file = File(
            secrets.token_urlsafe(30),
            unique_id,
            path,
            upload.name,
            upload.data,
            upload.mime_type or guessed,
            kind,
            set(bots),
        )
        self._files[file.file_id] = file
        self._bytes += len(file.data)
        while self._bytes > KEPT_BYTES and len(self._files) > 1:
            self._bytes -= len(self._files.popitem(last=False)[1].data)
        return file

    def get(self, file_id: str, bot_id: int | None = None) -> File | None:
        """A file, unless it is a bot's id that asks and nobody told that bot of the file."""
        file = self._files.get(file_id)
        return file if file and (bot_id is None or bot_id in file.bots) else None

    def tell(self, file_id: str, bots: Iterable[int]) -> None:
        """Bots are told of a file."""
        if file := self._files.get(file_id):
            file.bots.update(bots)

    def at(self, path: str) -> File | None:
        """The file of a `file_path`."""
        return next((file for file in self._files.values() if file.path == path), None)


def file_ids(value: object) -> Iterator[str]:
    """Those in an object, such as a Message."""
    if isinstance(value, dict):
        if "file_id" in value:
            yield value["file_id"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from file_ids(one)


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, GIF, JPEG or WebP in pixels; (0, 0) for what is none."""
    if data.startswith(b"<svg"):
        return 640, 360
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
