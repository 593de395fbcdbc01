"""Files that are elsewhere: at the real Telegram, known by ids from there, and on the Web."""

from __future__ import annotations

from yarl import URL

from sandbox.control.people import decoded
from sandbox.errors import ControlError
from sandbox.methods.content import MEDIA
from sandbox.methods.web import drawn, is_address
from sandbox.world.events import Json
from sandbox.world.files import Upload
from sandbox.world.world import World


async def add_file(
    world: World,
    kind: str,
    file_id: str | None = None,
    name: str | None = None,
    data: str | None = None,
    about: Json | None = None,
) -> Json:
    """A file that every bot knows by `file_id`: content in base64, or a placeholder. The kind is
    the field of a Message that it is for, such as sticker; `about` has other fields of that, such
    as emoji."""
    if kind not in MEDIA:
        raise ControlError(f"kind: write one of {', '.join(MEDIA)}")
    if file_id and world.files.get(file_id):
        raise ControlError(f"file_id: there is a file {file_id} already")
    content = drawn(kind, kind) if data is None else decoded(data)
    given = file_id or world.new_id().rjust(20, "F")
    file = world.files.add(Upload(name or kind, content), kind, file_id=given)
    file.about.update(about or {})
    return {"file_id": file.file_id, "file_unique_id": file.unique_id}


async def add_web_file(world: World, address: str, data: str, name: str | None = None) -> Json:
    """What is at an address on the Web, for bots that send it from there: content in base64. It
    takes the place of the placeholder."""
    if not is_address(address):
        raise ControlError("address: it begins with http:// or https://")
    world.files.web[address] = Upload(name or URL(address).name or "file", decoded(data))
    return {}


async def accept_file_ids(world: World, *, on: bool) -> Json:
    """A placeholder stands for every unknown id that may be one of the real Telegram, or none."""
    world.files.lenient = on
    return {}


COMMANDS = (add_file, add_web_file, accept_file_ids)
