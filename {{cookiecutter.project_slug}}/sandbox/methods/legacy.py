"""Names that Telegram still takes for those that replaced them; the documentation does not tell of
them any more. Source: telegram-bot-api/Client.cpp of https://github.com/tdlib/telegram-bot-api.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from sandbox.world.legacy import SENDING

T = TypeVar("T")
FORMATS = {"png_sticker": "static", "tgs_sticker": "animated", "webm_sticker": "video"}
STICKERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "addStickerToSet": lambda one: {"sticker": one},
    "createNewStickerSet": lambda one: {"stickers": [one]},
    "uploadStickerFile": lambda one: {"sticker": one["sticker"], "sticker_format": one["format"]},
}
"""What took stickers by their format, and how it takes them now."""
METHODS = {
    "getchatmemberscount": "getchatmembercount",
    "kickchatmember": "banchatmember",
    "setstickersetthumb": "setstickersetthumbnail",
}
PARAMETERS = {"can_manage_video_chats": "can_manage_voice_chats", "thumbnail": "thumb"}
"""The older name of a parameter."""
FIELDS = {
    "force_reply": "force_reply_keyboard",
    "remove_keyboard": "hide_keyboard",
    "selective": "personal_keyboard",
    **{f"thumbnail{end}": f"thumb{end}" for end in ("", "_url", "_width", "_height", "_mime_type")},
}
"""The same of a field of an object."""
RESTRICTIONS = (
    *("can_send_messages", "can_send_media_messages"),
    *("can_send_other_messages", "can_add_web_page_previews"),
)
"""What restrictChatMember took before it had `permissions`."""


EVERYTHING = (
    *("can_send_polls", "can_change_info", "can_invite_users"),
    *("can_pin_messages", "can_manage_topics"),
)
"""What came with all of them."""
TEXT = ("message_text", "parse_mode", "entities", "disable_web_page_preview")
"""What an inline result had before it had `input_message_content`."""


def parameters(method: str, values: Mapping[str, Any], files: Collection[str]) -> dict[str, Any]:
    """The parameters of a call, those of an older form in the newer one. `files` are the names of
    its uploads."""
    given = renamed(values)
    if method in STICKERS and (one := sticker(values, files)):
        given = {**STICKERS[method](one), **given}
    if method == "setStickerSetThumbnail":
        given = {"format": "static", **given}
    if method == "restrictChatMember":
        allowed = {
            one: str(values.get(one)).lower() in ("true", "yes", "1") for one in RESTRICTIONS
        }
        if all(allowed.values()):
            allowed |= dict.fromkeys(EVERYTHING, True)
        given = {"permissions": allowed, **given}
    return given


def sticker(values: Mapping[str, Any], files: Collection[str]) -> dict[str, Any]:
    """An InputSticker object from what was a parameter for each format; empty without one."""
    for name, kind in FORMATS.items():
        if name in values or name in files:
            emoji = [values.get("emojis", "")]
            # Node's library sends an upload beside an empty parameter of its name.
            file = values.get(name) or f"attach://{name}"
            return {"sticker": file, "format": kind, "emoji_list": emoji}
    return {}


def renamed(values: Mapping[str, T]) -> dict[str, T]:
    """Parameters or files with the newer names beside the older ones."""
    older = {new: values[old] for new, old in PARAMETERS.items() if old in values}
    return {**older, **values}


def fields(value: Any) -> Any:
    """The JSON of a parameter with the newer names of fields beside the older ones."""
    if isinstance(value, list):
        return [fields(one) for one in value]
    if not isinstance(value, dict):
        return value
    given = {name: fields(one) for name, one in value.items()}
    older = {new: given[old] for new, old in FIELDS.items() if old in given}
    if {"id", "type", "message_text"} <= given.keys():
        older["input_message_content"] = {one: given[one] for one in TEXT if one in given}
    if "can_send_media_messages" in given:
        each = dict.fromkeys(
            (f"can_send_{one}" for one in SENDING), given["can_send_media_messages"]
        )
        if not each.keys() & given.keys():
            older |= each
    return older | given
