"""Files of the real Telegram, which bots know by ids that they were given there."""

from __future__ import annotations

import base64

from sandbox.errors import ControlError
from sandbox.methods.content import MEDIA
from sandbox.methods.web import drawn
from sandbox.world.events import Json
from sandbox.world.files import Upload
from sandbox.world.world import World


async def add_file(
    world: World,
    kind: str,
    file_id: str | None = None,
    name: str | None = None,
    data: str | None = None,
) -> Json:
    """A file that every bot knows by `file_id`: content in base64, or a placeholder. The kind is
    the field of a Message that it is for, such as sticker."""
    if kind not in MEDIA:
        raise ControlError(f"kind: write one of {', '.join(MEDIA)}")
    if file_id and world.files.get(file_id):
        raise ControlError(f"file_id: there is a file {file_id} already")
    try:
        content = drawn(kind) if data is None else base64.b64decode(data, validate=True)
    except ValueError as error:
        raise ControlError(f"data is no base64: {error}") from error
    given = file_id or world.new_id().rjust(20, "F")
    file = world.files.add(Upload(name or kind, content), kind, file_id=given)
    return {"file_id": file.file_id, "file_unique_id": file.unique_id}


async def accept_file_ids(world: World, *, on: bool) -> Json:
    """A placeholder stands for every unknown id that may be one of the real Telegram, or none."""
    world.files.lenient = on
    return {}


COMMANDS = (add_file, accept_file_ids)
