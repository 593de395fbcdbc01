"""Files as parts of a message: https://core.telegram.org/bots/api#sending-files."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from aiogram.types import Document, Message, PhotoSize

from sandbox.errors import ApiError, bad_request
from sandbox.methods.call import Call
from sandbox.methods.content import MEDIA, caption, described
from sandbox.methods.decode import attached, member_type
from sandbox.methods.web import drawn, fetched, is_address
from sandbox.world.events import Json
from sandbox.world.files import File, Upload
from sandbox.world.films import film
from sandbox.world.pictures import picture_size

LARGEST = 50 * 1024 * 1024
LARGEST_PHOTO = 10 * 1024 * 1024
"""Bytes that a bot may send: https://core.telegram.org/bots/api#sending-files."""
LONGEST_SIDES = 10_000
STEEPEST = 20
"""Of a photo, width and height together and their ratio: #sendphoto."""
LARGEST_THUMBNAIL = 200 * 1024 - 1
WIDEST_THUMBNAIL = 320
"""Bytes and pixels: #sendvideo. Telegram leaves others out."""
STICKER_SIZE = (512, 512)
"""Of stickers that are no pictures: https://core.telegram.org/stickers."""
MOST_STARS = 25_000
MOST_PAID_MEDIA = 10
LONGEST_PAYLOAD = 128
"""https://core.telegram.org/bots/api#sendpaidmedia; what Telegram says of a payload (bytes) that is
too long is not documented."""
LONGEST_SIDE = 640
"""Of a video note, as TDLib has it."""
REAL_ID = re.compile(r"[A-Za-z0-9_-]{20,}")
KEPT = ("duration", "width", "height", "length", "title", "performer", "emoji")
"""What is told of a file when it is sent first and stays when it is sent again by its id."""


def media(file: File, values: Json) -> Any:
    """The field of a Message for a file: an object, or for a photo its sizes. Raises ApiError 400.

    https://core.telegram.org/bots/api#sending-files
    """
    if file.kind == "photo":
        if not all(file.size):
            raise bad_request("IMAGE_PROCESS_FAILED")
        return [described(PhotoSize, numbers(one)) for one in file.sizes]
    about = {
        "thumbnail": described(PhotoSize, numbers(file.smaller[0])) if file.smaller else None,
        "length": file.about.get("width", file.size[0]),
        "type": "regular",
        "is_animated": file.mime_type == "application/x-tgsticker",
        "is_video": file.mime_type == "video/webm",
        **values,
        **file.about,
        "file_name": file.name,
        "mime_type": file.mime_type,
    }
    return described(member_type(Message, file.kind), numbers(file) | about)


def numbers(file: File) -> Json:
    """What every object for a file has."""
    width, height = file.size
    if file.kind == "sticker" and not width:
        width, height = STICKER_SIZE
    ids = {"file_id": file.file_id, "file_unique_id": file.unique_id}
    return {**ids, "width": width, "height": height, "file_size": file.file_size}


def file_content(call: Call, kind: str, value: Upload | str, values: Json) -> Json:
    """A file with its caption. What is sent by its id stays what it was. Raises ApiError 400."""
    if kind == "video_note" and not 0 <= values.get("length", 0) <= LONGEST_SIDE:
        raise bad_request("wrong video note length")
    if kind == "video_note" and isinstance(value, Upload) and not is_square(value):
        kind = "video"
    file = find_file(call, kind, value)
    if isinstance(value, Upload) or is_address(value):
        file.about.update({name: values[name] for name in KEPT if values.get(name)})
    if isinstance(value, Upload) and not file.smaller:
        file.about.update(thumbnail(call, values.get("thumbnail")))
    shown: Json = {name: values[name] for name in ("start_timestamp",) if name in values}
    if cover := attached_file(call, values.get("cover")):
        shown["cover"] = media(find_file(call, "photo", cover), {})
    made = {file.kind: media(file, shown), **caption(call, values)}
    if (kind := file.kind) == "animation":
        # For those who do not know animations: https://core.telegram.org/bots/api#message
        made["document"] = described(Document, made[kind])
    return made


def is_square(upload: Upload) -> bool:
    """Whether a film is as wide as it is high, as far as it tells: Telegram makes any other one
    that is sent as a video note a video."""
    told = film(upload.data)
    return told.get("width") == told.get("height")


def thumbnail(call: Call, value: Upload | str | None) -> Json:
    """The field for a thumbnail that is uploaded with a file of which Telegram makes none itself.
    It leaves others out, and those that are no picture or too large:
    https://core.telegram.org/bots/api#sendvideo."""
    upload = attached_file(call, value)
    if not isinstance(upload, Upload) or len(upload.data) > LARGEST_THUMBNAIL:
        return {}
    file = call.world.files.add(upload, "thumbnail", call.bot.bot_id)
    if not 0 < max(file.size) <= WIDEST_THUMBNAIL:
        return {}
    return {"thumbnail": described(PhotoSize, numbers(file))}


def attached_file(call: Call, value: Upload | str | None) -> Upload | str | None:
    """A file that is uploaded, or named by a text."""
    return value if isinstance(value, Upload) else attached(value, call.files)


def find_file(call: Call, kind: str, value: Upload | str) -> File:
    """The file that is uploaded, known by its id, or on the Web: from there nothing is fetched,
    what the sandbox was told is there or a placeholder stands for it. Raises ApiError 400 and 413.

    https://core.telegram.org/bots/api#sending-files: an id is good for one bot, and a photo cannot
    be sent as something else.
    """
    if isinstance(value, str) and is_address(value):
        value = call.world.files.web.get(value) or fetched(kind, value)
    if isinstance(value, Upload):
        check(kind, value)
        return call.world.files.add(value, kind, call.bot.bot_id)
    file = call.world.files.get(value, call.bot.bot_id) or stand_in(call, kind, value)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    file = call.world.files.whole(file)
    if file.kind != kind and {"photo", "thumbnail"} & {file.kind, kind}:
        old, new = (one.title().replace("_", "") for one in (file.kind, kind))
        raise bad_request(f"can't use file of type {old} as {new}")
    return file


def stand_in(call: Call, kind: str, file_id: str) -> File | None:
    """A placeholder for an id of the real Telegram, if that is wanted."""
    files = call.world.files
    if not files.lenient or files.get(file_id) or not REAL_ID.fullmatch(file_id):
        return None
    return files.add(Upload(kind, drawn(kind, kind)), kind, file_id=file_id)


def check(kind: str, upload: Upload) -> None:
    """Raises ApiError for what Telegram does not take: 413 for any file that is too large, 400 for
    a photo."""
    size, (width, height) = len(upload.data), picture_size(upload.data)
    if not size:
        raise bad_request("file must be non-empty")
    if size > LARGEST:
        raise ApiError(413, "Request Entity Too Large")
    if kind == "photo" and size > LARGEST_PHOTO:
        most = f"the maximum size is {LARGEST_PHOTO} bytes"
        raise bad_request(f"file of size {size} bytes is too big for a photo; {most}")
    steep = max(width, height) > STEEPEST * min(width, height)
    if kind == "photo" and (width + height > LONGEST_SIDES or steep):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def input_media(call: Call, item: Json, name: str = "InputMedia") -> Json:
    """The content of a message from an object of that name. Raises ApiError 400.

    https://core.telegram.org/bots/api#inputmedia
    """
    kind = item["type"]
    value = attached(item.get("media"), call.files)
    if not value:
        raise bad_request(f"can't parse {name}: media not found")
    if kind == "live_photo":
        still = attached(item.get("photo"), call.files)
        if not still:
            raise bad_request(f"can't parse {name}: photo not found")
        return live_photo(call, still, value, item)
    if kind not in MEDIA:
        raise bad_request(f'can\'t parse {name}: type "{kind}" is unsupported')
    return file_content(call, kind, value, item)


def live_photo(call: Call, photo: Upload | str, video: Upload | str, values: Json) -> Json:
    """A photo that moves: https://core.telegram.org/bots/api#livephoto. Raises ApiError 400."""
    still = file_content(call, "photo", photo, values)
    # Any film that is sent by its id can be what moves: to TDLib both are documents.
    moving = replace(find_file(call, "live_photo", video), kind="live_photo")
    return still | {"live_photo": media(moving, {}) | {"photo": still["photo"]}}


def paid_media(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendpaidmedia. Raises ApiError 400."""
    if not 1 <= values["star_count"] <= MOST_STARS:
        raise bad_request("invalid media price specified")
    if not 1 <= len(values["media"]) <= MOST_PAID_MEDIA:
        raise bad_request("invalid number of paid media specified")
    if len(values.get("payload", "").encode()) > LONGEST_PAYLOAD:
        raise bad_request("payload is too long")
    items = []
    for item in values["media"]:
        kind, made = item["type"], input_media(call, item, "InputPaidMedia")
        items.append({"type": kind, kind: made[kind]})
    info = {"star_count": values["star_count"], "paid_media": items}
    return {"paid_media": info, **caption(call, values)}
