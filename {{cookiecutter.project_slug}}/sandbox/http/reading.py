"""What a request says: parameters and files, wherever they are in it.

https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.errors import ApiError, bad_request
from sandbox.methods.structure import load
from sandbox.world.files import Upload

Said = tuple[dict[str, Any], dict[str, Upload]]
"""Parameters and files by name."""


async def read(request: web.Request) -> Said:
    """The parameters of a request and its files. What comes first counts, and the address comes
    before the body; the verb does not matter. Raises ApiError 400 and 413."""
    values, files = dict(request.query), dict[str, Upload]()
    kind = request.content_type
    try:
        if kind == "multipart/form-data":
            await read_parts(request, values, files)
        elif kind in BODIES:
            for name, value in BODIES[kind](await request.read()).items():
                values.setdefault(name, value)
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    texts = (one for one in values.values() if isinstance(one, str))
    try:
        "".join([*values, *texts, *files, *(one.name for one in files.values())]).encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return values, files


async def read_parts(
    request: web.Request, values: dict[str, Any], files: dict[str, Upload]
) -> None:
    """Adds the parts of a form. Raises ApiError 400."""
    try:
        # aiohttp looks into the body of a POST alone.
        form = await request.clone(method="POST").post()
    except (LookupError, RuntimeError, ValueError):
        raise bad_request("can't parse the form") from None
    for name, part in form.items():
        if isinstance(part, web.FileField):
            with part.file as file:
                files.setdefault(name, Upload(part.filename, file.read()))
        else:
            text = part if isinstance(part, str) else bytes(part).decode("utf-8", "surrogateescape")
            values.setdefault(name, text)


def from_json(body: bytes) -> dict[str, Any]:
    """The parameters in a JSON object. Telegram takes what is none for a call without parameters, a
    text for the parameter `content`, and `null` for any other text."""
    try:
        said = load(body)
    except ValueError:
        return {}
    if isinstance(said, str):
        return {"content": said}
    if not isinstance(said, dict):
        return {}
    return {name: "null" if one is None else one for name, one in said.items()}


def from_form(body: bytes) -> dict[str, Any]:
    """The parameters in a form without files, whatever character set it claims."""
    text = body.decode("utf-8", "surrogateescape")
    said: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        said.setdefault(name, value)
    return said


BODIES = {"application/json": from_json, "application/x-www-form-urlencoded": from_form}
