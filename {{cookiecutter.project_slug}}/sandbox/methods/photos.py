"""Photos and audio files of profiles: https://core.telegram.org/bots/api#getuserprofilephotos."""

from __future__ import annotations

from typing import Any

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.decode import attached
from sandbox.methods.media import find_file, media
from sandbox.methods.members import somebody
from sandbox.world.events import Json
from sandbox.world.files import Upload, file_ids

MOST = 100
"""https://core.telegram.org/bots/api#getuserprofilephotos"""


async def get_user_profile_photos(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getuserprofilephotos: the newest first."""
    found = call.world.photos.get(somebody(call), [])
    return {"total_count": len(found), "photos": shown(call, found)}


async def get_user_profile_audios(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getuserprofileaudios: the newest first."""
    found = call.world.audios.get(somebody(call), [])
    return {"total_count": len(found), "audios": shown(call, found)}


def shown(call: Call, found: list[Any]) -> list[Any]:
    """Those from `offset` on, `limit` at most, of whose files the bot knows then."""
    first = max(0, call.params.get("offset", 0))
    some = found[first : first + max(1, min(MOST, call.params.get("limit", MOST)))]
    for file_id in file_ids(some):
        call.world.files.tell(file_id, [call.bot.bot_id])
    return some


async def set_my_profile_photo(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmyprofilephoto: an animated one is shown as any."""
    add_photo(call, call.bot.bot_id)
    return True


async def remove_my_profile_photo(call: Call) -> bool:
    """https://core.telegram.org/bots/api#removemyprofilephoto: the one before is shown again."""
    call.world.photos.get(call.bot.bot_id, [])[:1] = []
    return True


def add_photo(call: Call, owner_id: int) -> None:
    """A user or bot has the `photo` in front of those before. Raises ApiError 400."""
    photo = call.params["photo"]
    upload = attached(photo.get("photo") or photo.get("animation"), call.files)
    if not isinstance(upload, Upload):
        raise bad_request("photo must be uploaded as an InputFile")
    kind = "photo" if photo["type"] == "static" else "animation"
    file = find_file(call, kind, upload)
    sizes = media(file, {}) if kind == "photo" else [numbers_of(media(file, {}))]
    call.world.photos.setdefault(owner_id, []).insert(0, sizes)


def numbers_of(animation: Json) -> Json:
    """An animation as a PhotoSize."""
    names = ("file_id", "file_unique_id", "width", "height", "file_size")
    return {name: animation[name] for name in names}


def chat_photo(sizes: list[Json]) -> Json:
    """https://core.telegram.org/bots/api#chatphoto"""
    shown, ids = {"small": sizes[0], "big": sizes[-1]}, ("file_id", "file_unique_id")
    return {f"{name}_{one}": size[one] for name, size in shown.items() for one in ids}


MODELS = dict.fromkeys(("getUserProfilePhotos", "getUserProfileAudios"), ("offset", "limit"))
