"""Files as parts of a message: https://core.telegram.org/bots/api#sending-files."""

from __future__ import annotations

from typing import Any

from aiogram.types import Document, Message

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.content import MEDIA, caption, described
from sandbox.methods.decode import attached, member_type
from sandbox.world.events import Json
from sandbox.world.files import File, Upload

PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360">'
    '<rect width="640" height="360" fill="#8aa"/><text x="320" y="180" text-anchor="middle" '
    'font-family="sans-serif" font-size="20" fill="#fff">on the Web, not fetched</text></svg>'
)


def media(file: File, values: Json) -> Any:
    """The field of a Message for a file: an object, or for a photo its sizes. Raises ApiError 400.

    https://core.telegram.org/bots/api#sending-files
    """
    kind, (width, height) = file.kind, file.size
    if kind == "photo" and not width:
        raise bad_request("IMAGE_PROCESS_FAILED")
    about = {
        "width": width,
        "height": height,
        "length": width,
        "type": "regular",
        "is_animated": False,
        "is_video": False,
        **values,
        **file.about,
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_name": file.name,
        "file_size": len(file.data),
        "mime_type": file.mime_type,
    }
    shown = {name: value for name, value in about.items() if name not in ("cover", "thumbnail")}
    made = described(member_type(Message, kind), shown)
    return [made] if kind == "photo" else made


def file_content(call: Call, kind: str, value: Upload | str, values: Json) -> Json:
    """A file with its caption. What is sent by its id stays what it was. Raises ApiError 400."""
    file = find_file(call, kind, value)
    made = {file.kind: media(file, values), **caption(call, values)}
    if (kind := file.kind) == "animation":
        # For those who do not know animations: https://core.telegram.org/bots/api#message
        made["document"] = described(Document, made[kind])
    return made


def find_file(call: Call, kind: str, value: Upload | str) -> File:
    """The file that is uploaded, known by its id, or on the Web: from there nothing is fetched, a
    placeholder stands for it. Raises ApiError 400.

    https://core.telegram.org/bots/api#sending-files: an id is good for one bot, and a photo cannot
    be sent as something else.
    """
    if isinstance(value, Upload):
        if not value.data:
            raise bad_request("file must be non-empty")
        return call.world.files.add(value, kind, call.bot.bot_id)
    if value.startswith(("http://", "https://")):
        name = value.rpartition("/")[2] or kind
        upload = Upload(name, PLACEHOLDER.encode(), "image/svg+xml")
        return call.world.files.add(upload, kind, call.bot.bot_id)
    file = call.world.files.get(value, call.bot.bot_id)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if file.kind != kind and "photo" in (file.kind, kind):
        old, new = (one.title().replace("_", "") for one in (file.kind, kind))
        raise bad_request(f"can't use file of type {old} as {new}")
    return file


def input_media(call: Call, item: Json) -> Json:
    """The content of a message from an InputMedia object. Raises ApiError 400.

    https://core.telegram.org/bots/api#inputmedia
    """
    kind = item["type"]
    value = attached(item.get("media"), call.files)
    if not value:
        raise bad_request("can't parse InputMedia: media not found")
    if kind not in MEDIA:
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    return file_content(call, kind, value, item)


def paid_media(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendpaidmedia. Raises ApiError 400."""
    items = []
    for item in values["media"]:
        kind, value = item["type"], attached(item["media"], call.files)
        if not value or kind not in MEDIA:
            raise bad_request("can't parse InputPaidMedia: media not found")
        items.append({"type": kind, kind: media(find_file(call, kind, value), item)})
    info = {"star_count": values["star_count"], "paid_media": items}
    return {"paid_media": info, **caption(call, values)}
