"""The photos of profiles: https://core.telegram.org/bots/api#getuserprofilephotos."""

from __future__ import annotations

from sandbox.control.groups import person
from sandbox.control.people import upload
from sandbox.world.events import Json
from sandbox.world.world import World


async def set_photo(world: World, user_id: int, name: str, data: str) -> Json:
    """A user shows a photo, in base64; those before are still there."""
    person(world, user_id)
    photo = upload(world, "photo", name, data)["photo"]
    world.photos.setdefault(user_id, []).insert(0, photo)
    return {"photo": photo}


COMMANDS = (set_photo,)
