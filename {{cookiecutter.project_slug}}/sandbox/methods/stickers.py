"""Stickers and their sets: https://core.telegram.org/bots/api#stickers."""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.decode import attached
from sandbox.methods.media import find_file, media
from sandbox.methods.members import group, need_right, somebody
from sandbox.world.events import Json
from sandbox.world.files import File
from sandbox.world.stickers import StickerSet

FORMATS = ("static", "animated", "video")
TYPES = ("regular", "mask", "custom_emoji")
LONGEST_TITLE = 64
MOST_AT_FIRST = 50
"""https://core.telegram.org/bots/api#createnewstickerset"""
MOST = {"regular": 120, "mask": 120, "custom_emoji": 200}
"""https://core.telegram.org/bots/api#addstickertoset"""
MOST_EMOJI = 20
MOST_KEYWORDS, LONGEST_KEYWORDS = 20, 64
"""https://core.telegram.org/bots/api#inputsticker"""


async def upload_sticker_file(call: Call) -> Json:
    """https://core.telegram.org/bots/api#uploadstickerfile"""
    somebody(call)
    one_of(FORMATS, call.params["sticker_format"], "invalid sticker format specified")
    file = find_file(call, "sticker", call.params["sticker"])
    about = {"file_id": file.file_id, "file_unique_id": file.unique_id}
    return about | {"file_size": len(file.data), "file_path": file.path}


async def create_new_sticker_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#createnewstickerset"""
    user_id, name = somebody(call), call.params["name"]
    kind = call.params.get("sticker_type", "regular")
    one_of(TYPES, kind, "unsupported sticker type specified")
    if not re.fullmatch(rf"[a-z]\w*_by_{call.bot.username}", name, re.IGNORECASE) or "__" in name:
        raise bad_request("invalid sticker set name is specified")
    if name.lower() in call.world.sticker_sets:
        raise bad_request("sticker set name is already occupied")
    about = {"name": name, "title": title(call), "sticker_type": kind}
    made = StickerSet(call.bot.bot_id, user_id, about)
    given = call.params["stickers"]
    if not 1 <= len(given) <= MOST_AT_FIRST:
        raise bad_request("too many stickers specified" if given else "sticker is not specified")
    made.stickers = [sticker(call, made, one) for one in given]
    call.world.sticker_sets[name.lower()] = made
    return True


async def get_sticker_set(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getstickerset"""
    return named(call, call.params["name"]).describe()


async def delete_sticker_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletestickerset"""
    del call.world.sticker_sets[own(call).name.lower()]
    return True


async def set_sticker_set_title(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setstickersettitle"""
    own(call).about["title"] = title(call)
    return True


async def set_sticker_set_thumbnail(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setstickersetthumbnail: without one the first sticker
    stands for the set."""
    somebody(call)
    found = own(call)
    one_of(FORMATS, call.params["format"], "invalid sticker format specified")
    found.about.pop("thumbnail", None)
    if value := call.params.get("thumbnail"):
        file = find_file(call, "sticker", value)
        size = {name: sides(file)[name] for name in ("width", "height")}
        ids = {"file_id": file.file_id, "file_unique_id": file.unique_id}
        found.about["thumbnail"] = ids | size | {"file_size": len(file.data)}
    return True


async def set_custom_emoji_sticker_set_thumbnail(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setcustomemojistickersetthumbnail: the page shows none."""
    if own(call).about["sticker_type"] != "custom_emoji":
        raise bad_request("STICKERSET_INVALID")
    return True


async def add_sticker_to_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#addstickertoset"""
    somebody(call)
    found = own(call)
    if len(found.stickers) >= MOST[found.about["sticker_type"]]:
        raise bad_request("STICKERS_TOO_MUCH")
    found.stickers.append(sticker(call, found, call.params["sticker"]))
    return True


async def replace_sticker_in_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#replacestickerinset"""
    somebody(call)
    found, index = place(call, call.params["old_sticker"])
    found.stickers[index] = sticker(call, found, call.params["sticker"])
    return True


async def delete_sticker_from_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletestickerfromset"""
    found, index = place(call)
    del found.stickers[index]
    return True


async def set_sticker_position_in_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setstickerpositioninset: counted from 0."""
    found, index = place(call)
    if not 0 <= call.params["position"] < len(found.stickers):
        raise bad_request("STICKER_POSITION_INVALID")
    found.stickers.insert(call.params["position"], found.stickers.pop(index))
    return True


async def set_sticker_emoji_list(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setstickeremojilist: the first one is shown."""
    return change(call, emoji(call.params["emoji_list"]))


async def set_sticker_keywords(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setstickerkeywords: people search by them elsewhere."""
    check_keywords(call.params.get("keywords", []))
    return change(call, {})


async def set_sticker_mask_position(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setstickermaskposition"""
    return change(call, {"mask_position": call.params.get("mask_position")})


async def set_chat_sticker_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatstickerset"""
    chat = group(call, "method is available only for supergroups", "supergroup")
    need_right(call, chat, "can_change_info", "change supergroup sticker set")
    name = call.params["sticker_set_name"]
    if name.lower() not in call.world.sticker_sets:
        raise bad_request("sticker set not found")
    chat.details["sticker_set_name"] = name
    return True


async def delete_chat_sticker_set(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletechatstickerset"""
    chat = group(call, "method is available only for supergroups", "supergroup")
    need_right(call, chat, "can_change_info", "change supergroup sticker set")
    chat.details.pop("sticker_set_name", None)
    return True


def one_of(values: tuple[str, ...], value: str, problem: str) -> None:
    """Raises ApiError 400 for another value."""
    if value not in values:
        raise bad_request(problem)


def title(call: Call) -> str:
    """The `title`. Raises ApiError 400."""
    text: str = call.params["title"].strip()
    if not 1 <= len(text) <= LONGEST_TITLE:
        raise bad_request("sticker set title is invalid")
    return text


def named(call: Call, name: str) -> StickerSet:
    """A set. Raises ApiError 400."""
    found = call.world.sticker_sets.get(name.lower())
    if found is None:
        raise bad_request("STICKERSET_INVALID")
    return found


def own(call: Call) -> StickerSet:
    """The set `name`, which the bot has made. Raises ApiError 400."""
    found = named(call, call.params["name"])
    if found.bot_id != call.bot.bot_id:
        raise bad_request("STICKERSET_INVALID")
    return found


def place(call: Call, file_id: str | None = None) -> tuple[StickerSet, int]:
    """Where a sticker is, that of `sticker` unless told otherwise. Raises ApiError 400."""
    wanted = file_id or call.params["sticker"]
    for found in call.world.sticker_sets.values():
        index = found.index(wanted)
        if index is not None and found.bot_id == call.bot.bot_id:
            return found, index
    raise bad_request("STICKER_INVALID")


def change(call: Call, new: Json) -> bool:
    """Gives the sticker of `sticker` new fields, or with None takes them. Raises ApiError 400."""
    found, index = place(call)
    file = call.world.files.get(call.params["sticker"])
    if file is None:
        raise bad_request("STICKER_INVALID")
    found.stickers[index] = of_file(file, new)
    return True


def sticker(call: Call, found: StickerSet, given: Json) -> Json:
    """A Sticker object of a set from an InputSticker. Raises ApiError 400."""
    one_of(FORMATS, given["format"], "can't parse InputSticker: invalid sticker format specified")
    value = attached(given["sticker"], call.files)
    if not value:
        raise bad_request("can't parse InputSticker: sticker not found")
    check_keywords(given.get("keywords", []))
    kind = found.about["sticker_type"]
    about = {
        **emoji(given["emoji_list"]),
        "type": kind,
        "set_name": found.name,
        "is_animated": given["format"] == "animated",
        "is_video": given["format"] == "video",
    }
    if kind == "mask" and "mask_position" in given:
        about["mask_position"] = given["mask_position"]
    if kind == "custom_emoji":
        about["custom_emoji_id"] = call.world.new_id()
        about["needs_repainting"] = call.params.get("needs_repainting", False)
    return of_file(find_file(call, "sticker", value), about)


def of_file(file: File, about: Json) -> Json:
    """The Sticker object of a file, which it stays when it is sent by its id."""
    file.about.update(sides(file) | about)
    made: Json = media(file, {})
    return made


def sides(file: File) -> Json:
    """Width and height in pixels; of what is no picture those that stickers have."""
    width, height = file.size
    return {"width": width or 512, "height": height or 512}


def emoji(given: list[str]) -> Json:
    """The emoji that is shown of those given. Raises ApiError 400."""
    if not 1 <= len(given) <= MOST_EMOJI or not all(given):
        raise bad_request("invalid sticker emojis")
    return {"emoji": given[0]}


def check_keywords(given: list[str]) -> None:
    """Raises ApiError 400 for too many words."""
    if len(given) > MOST_KEYWORDS or sum(map(len, given)) > LONGEST_KEYWORDS:
        raise bad_request("STICKER_KEYWORDS_INVALID")


MODELS = {
    "createNewStickerSet": ("sticker_type", "needs_repainting"),
    "setStickerSetThumbnail": ("thumbnail",),
    "setCustomEmojiStickerSetThumbnail": ("custom_emoji_id",),
    "setStickerKeywords": ("keywords",),
    "setStickerMaskPosition": ("mask_position",),
}
