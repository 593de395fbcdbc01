"""What a person can send besides text."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from aiogram.types import Message

from sandbox.nearest import unknown
from sandbox.testing.errors import Refused
from sandbox.world.events import Json

FILES = {
    "photo": "photo.png",
    "document": "document.bin",
    "voice": "voice.ogg",
    "audio": "audio.mp3",
    "video": "video.mp4",
    "video_note": "video_note.mp4",
    "animation": "animation.gif",
    "sticker": "sticker.webp",
}
"""The fields of a Message that hold a file, and a name for bytes that have none."""
WORDS = ("text", "to", "reply_to", "caption", "contact", "location", "media_group_id")
"""What `send` and `ask` take besides."""


def arguments(sender: Json, caption: str | None, things: dict[str, Any]) -> Json:
    """The arguments `file` and `content` of the command `send`. Raises Refused."""
    __tracebackhide__ = True
    if strange := unknown(things, [*WORDS, *FILES, *Message.model_fields]):
        raise Refused(
            f"nobody can send {', '.join(strange)}; there are: {', '.join([*WORDS, *FILES])}, and "
            "all fields of a Message: https://core.telegram.org/bots/api#message"
        )
    content = {}
    file = None
    for name, value in things.items():
        if name in FILES:
            file = encoded(name, value, caption)
        elif name == "contact" and isinstance(value, str):
            content[name] = {
                "phone_number": value,
                "first_name": sender["first_name"],
                "user_id": sender["id"],
            }
        elif name == "location" and isinstance(value, tuple):
            content[name] = {"latitude": value[0], "longitude": value[1]}
        else:
            content[name] = value
    if caption and not file:
        raise Refused("a caption is that of a file, and there is none")
    return {
        **({"file": file} if file else {}),
        **({"content": content} if content else {}),
    }


def encoded(kind: str, value: bytes | str | Path, caption: str | None) -> Json:
    """A file as the control API takes it. Raises Refused."""
    __tracebackhide__ = True
    name, data = FILES[kind], value
    if not isinstance(data, bytes):
        path = Path(data).absolute()
        try:
            name, data = path.name, path.read_bytes()
        except OSError as error:
            raise Refused(f"{error.strerror}: {path}") from None
    return {
        "kind": kind,
        "name": name,
        "data": base64.b64encode(data).decode(),
        **({"caption": caption} if caption else {}),
    }
