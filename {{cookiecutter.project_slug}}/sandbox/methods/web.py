"""Files on the Web. Nothing is fetched: a placeholder stands for each, which names its address.

https://core.telegram.org/bots/api#sending-files
"""

from __future__ import annotations

import mimetypes
from html import escape

from yarl import URL

from sandbox.errors import bad_request
from sandbox.world.files import Upload

PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    '<rect width="100%" height="100%" fill="#8aa"/><text x="50%" y="50%" text-anchor="middle" '
    'font-family="sans-serif" font-size="20" fill="#fff">a placeholder'
    '<tspan x="50%" dy="32" font-size="14">{name}</tspan></text></svg>'
)
SIDES = {"sticker": (512, 512), "custom_emoji": (100, 100)}
"""Pixels: https://core.telegram.org/stickers."""
OTHER_SIDES = (640, 360)
SEEN = ("animation", "photo", "sticker", "video")
DOCUMENTS = ("application/pdf", "application/zip", "application/x-zip-compressed", "image/gif")
"""What can be sent as a document by its address: #sending-files."""
ANIMATED = (".tgs", ".webm")
"""Stickers that cannot: #sendsticker."""


def is_address(value: str) -> bool:
    """Whether a file is named by an address on the Web."""
    return value.startswith(("http://", "https://"))


def fetched(kind: str, address: str) -> Upload:
    """What stands for the file at an address. Raises ApiError 400 for an address that is none and
    for files that Telegram does not take from there, as far as their name tells."""
    try:
        name = URL(address).name
    except ValueError:
        raise bad_request("wrong HTTP URL specified") from None
    type_told = mimetypes.guess_type(name)[0]
    wrong = {
        "document": type_told and type_told not in DOCUMENTS,
        "sticker": name.lower().endswith(ANIMATED),
        "video_note": True,
    }
    if wrong.get(kind):
        raise bad_request("wrong type of the web page content")
    told = f"on the Web, not fetched: {address}\n".encode()
    return Upload(name or kind, drawn(address, kind) if kind in SEEN else told)


def drawn(name: str, kind: str) -> bytes:
    """A picture that stands for a file that is not here, as large as its kind is."""
    width, height = SIDES.get(kind, OTHER_SIDES)
    return PICTURE.format(width=width, height=height, name=escape(name)).encode()
