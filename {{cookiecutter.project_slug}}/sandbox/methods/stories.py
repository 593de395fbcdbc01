"""Stories of business accounts: https://core.telegram.org/bots/api#poststory. They are kept, and
bots find them again; nobody sees them."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.business import allowed
from sandbox.methods.call import Call
from sandbox.methods.content import formatted
from sandbox.methods.decode import attached
from sandbox.methods.media import find_file
from sandbox.world.chats import describe_private
from sandbox.world.events import Json
from sandbox.world.files import Upload

PERIODS = (6 * 3600, 12 * 3600, 86400, 2 * 86400)
LONGEST_CAPTION = 2048
"""https://core.telegram.org/bots/api#poststory"""
RIGHT = "can_manage_stories"


async def post_story(call: Call) -> Json:
    """https://core.telegram.org/bots/api#poststory"""
    return add(call, content(call))


async def repost_story(call: Call) -> Json:
    """https://core.telegram.org/bots/api#repoststory: of another account that the bot acts for."""
    allowed(call, RIGHT)
    key = (call.params["from_chat_id"], call.params["from_story_id"])
    ours = {
        one.owner_id for one in call.world.connections.values() if one.bot_id == call.bot.bot_id
    }
    if key not in call.world.stories or key[0] not in ours:
        raise bad_request("STORY_ID_INVALID")
    return add(call, call.world.stories[key])


async def edit_story(call: Call) -> Json:
    """https://core.telegram.org/bots/api#editstory"""
    key = own(call)
    call.world.stories[key] = content(call)
    return story(call, key[1])


async def delete_story(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletestory"""
    del call.world.stories[own(call)]
    return True


def own(call: Call) -> tuple[int, int]:
    """The key of the story `story_id` of the account. Raises ApiError 400."""
    key = (allowed(call, RIGHT).owner_id, call.params["story_id"])
    if key not in call.world.stories:
        raise bad_request("STORY_ID_INVALID")
    return key


def content(call: Call) -> Json:
    """What a story shows. Raises ApiError 400."""
    allowed(call, RIGHT)
    given = call.params["content"]
    upload = attached(given[given["type"]], call.files)
    if not isinstance(upload, Upload):
        raise bad_request("story must be uploaded as an InputFile")
    words = formatted(call, call.params, "caption", "caption_entities")
    if len(words.get("caption", "")) > LONGEST_CAPTION:
        raise bad_request("story caption is too long")
    file = find_file(call, given["type"], upload)
    return {given["type"]: file.file_id, **words}


def add(call: Call, shown: Json) -> Json:
    """A new story. Raises ApiError 400."""
    if call.params["active_period"] not in PERIODS:
        raise bad_request("STORY_PERIOD_INVALID")
    owner_id = call.connection().owner_id
    story_id = max((one for who, one in call.world.stories if who == owner_id), default=0) + 1
    call.world.stories[owner_id, story_id] = shown
    return story(call, story_id)


def story(call: Call, story_id: int) -> Json:
    """https://core.telegram.org/bots/api#story"""
    owner = call.world.user(call.connection().owner_id)
    return {"chat": describe_private(owner), "id": story_id}


# Clickable areas and who may see it are for the apps alone.
TEXT = ("caption", "parse_mode", "caption_entities", "areas")
KEEPING = ("post_to_chat_page", "protect_content")
MODELS = {"postStory": (*TEXT, *KEEPING), "repostStory": KEEPING, "editStory": TEXT}
