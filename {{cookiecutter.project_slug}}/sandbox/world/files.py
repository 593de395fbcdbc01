"""Files that bots and users sent: https://core.telegram.org/bots/api#sending-files."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from sandbox.world.events import Json
from sandbox.world.films import film
from sandbox.world.kinds import mime_type
from sandbox.world.pictures import fitted, picture_size, scaled

KEPT_BYTES = 256 * 1024 * 1024
"""Of all files together; the oldest are forgotten."""
MOVING = ("animation", "audio", "live_photo", "video", "video_note", "voice")
"""Whose length is told."""
THUMBNAILS = {"animation": 320, "document": 320, "sticker": 128}
"""Of what Telegram makes a thumbnail if it is a picture, and its longest side."""
FOLDERS = {"photo": "photos", "video": "videos", "voice": "voice", "audio": "music"}
FOLDERS |= {"thumbnail": "thumbnails"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came."""

    name: str
    data: bytes


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
    size: tuple[int, int]
    """Width and height of a picture, (0, 0) for what is none."""
    file_size: int
    """Bytes; of a smaller size of a photo, as many as it would have."""
    bots: set[int] = field(default_factory=set)
    """Those that were told of it."""
    of: str = ""
    """The picture of which it is a smaller size: only its numbers are smaller, it holds all of
    it."""
    smaller: tuple[File, ...] = ()
    """Those of a photo, the smallest first, or the thumbnail of another picture."""
    about: Json = field(default_factory=dict)
    """What was told of it when it was sent first, such as its duration; a sticker's set."""

    @property
    def sizes(self) -> tuple[File, ...]:
        """All sizes, itself last."""
        return (*self.smaller, self)


class Files:
    """All files, by id."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, File] = OrderedDict()
        self._sizes: dict[str, File] = {}
        """Those and the smaller sizes of photos."""
        self.public: set[str] = set()
        """Ids that were given out elsewhere: every bot knows them."""
        self.lenient = False
        """Whether a placeholder stands for any id that may be one of the real Telegram."""
        self.web: dict[str, Upload] = {}
        """What is at addresses on the Web, as far as the sandbox was told."""
        self._numbers = itertools.count()
        self._bytes = 0

    def add(self, upload: Upload, kind: str, *bots: int, file_id: str = "") -> File:
        """Keep a file, of which `bots` know, or every bot under an id that is given."""
        if file_id:
            self.public.add(file_id)
        file = File(
            file_id or secrets.token_urlsafe(30),
            hashlib.sha256(upload.data).hexdigest()[:16],
            self._path(upload.name, kind),
            upload.name,
            upload.data,
            mime_type(upload.name, upload.data, kind),
            kind,
            picture_size(upload.data),
            len(upload.data),
            set(bots),
            about=film(upload.data) if kind in MOVING else {},
        )
        if (kind == "photo" or kind in THUMBNAILS) and all(file.size):
            file = self._with_sizes(file)
        self._files[file.file_id] = file
        self._sizes |= {one.file_id: one for one in file.sizes}
        self._bytes += file.file_size
        while self._bytes > KEPT_BYTES and len(self._files) > 1:
            oldest = self._files.popitem(last=False)[1]
            self._bytes -= oldest.file_size
            for one in oldest.sizes:
                del self._sizes[one.file_id]
        return file

    def _path(self, name: str, kind: str) -> str:
        folder = FOLDERS.get(kind, "documents")
        return f"{folder}/file_{next(self._numbers)}{PurePath(name).suffix}"

    def _with_sizes(self, file: File) -> File:
        """A photo in the largest size that Telegram keeps, with the smaller ones; any other picture
        with its thumbnail."""
        sizes = list(scaled(*file.size).items())
        largest = file.size
        if file.kind == "photo":
            largest = sizes.pop()[1]
        else:
            sizes = [("t", fitted(*file.size, THUMBNAILS[file.kind]))]
        made = [
            replace(
                file,
                file_id=secrets.token_urlsafe(30),
                unique_id=f"{file.unique_id}{name}",
                path=self._path(file.name, file.kind),
                kind=file.kind if file.kind == "photo" else "thumbnail",
                size=(width, height),
                file_size=file.file_size * width * height // (largest[0] * largest[1]),
                of=file.file_id,
            )
            for name, (width, height) in sizes
        ]
        return replace(file, size=largest, smaller=tuple(made))

    def get(self, file_id: str, bot_id: int | None = None) -> File | None:
        """A file, unless it is a bot's id that asks and nobody told that bot of the file."""
        file = self._sizes.get(file_id)
        known = bot_id is None or file_id in self.public or (file and bot_id in file.bots)
        return file if file and known else None

    def whole(self, file: File) -> File:
        """The photo of which a file is a size; any other file itself."""
        return self._files.get(file.of, file) if file.kind == "photo" else file

    def tell(self, file_id: str, bots: Iterable[int]) -> None:
        """Bots are told of a file."""
        if file := self._sizes.get(file_id):
            file.bots.update(bots)

    def at(self, path: str) -> File | None:
        """The file of a `file_path`."""
        return next((file for file in self._sizes.values() if file.path == path), None)


def file_ids(value: object) -> Iterator[str]:
    """Those in an object, such as a Message."""
    if isinstance(value, dict):
        if "file_id" in value:
            yield value["file_id"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from file_ids(one)
