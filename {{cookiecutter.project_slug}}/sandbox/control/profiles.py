"""What users show of themselves: https://core.telegram.org/bots/api#chatfullinfo."""

from __future__ import annotations

from sandbox.control.groups import existing, person
from sandbox.control.people import upload
from sandbox.world.events import Json
from sandbox.world.world import World


async def set_photo(world: World, user_id: int, name: str, data: str) -> Json:
    """A user shows a photo, in base64; those before are still there."""
    person(world, user_id)
    photo = upload(world, "photo", name, data)["photo"]
    world.photos.setdefault(user_id, []).insert(0, photo)
    return {"photo": photo}


async def add_audio(world: World, user_id: int, name: str, data: str) -> Json:
    """A user shows an audio file, in base64, on the profile."""
    person(world, user_id)
    audio: Json = upload(world, "audio", name, data)["audio"]
    world.audios.setdefault(user_id, []).insert(0, audio)
    return audio


async def set_profile(
    world: World, user_id: int, bio: str | None = None, personal_chat_id: int | None = None
) -> Json:
    """A user tells of themselves, or shows a channel: bots see that by getChat."""
    person(world, user_id)
    about = world.about(user_id)
    if bio is not None:
        about["bio"] = bio
    if personal_chat_id is not None:
        about["personal_chat"] = existing(world, personal_chat_id).info
    return about


async def allow_emoji_status(world: World, bot_id: int, user_id: int) -> Json:
    """A user lets a bot set their emoji status, as Mini Apps ask for it."""
    person(world, user_id)
    world.status_allowed.add((world.bot(bot_id).bot_id, user_id))
    return {}


COMMANDS = (set_photo, add_audio, set_profile, allow_emoji_status)
