"""What a chat is: https://core.telegram.org/bots/api#getchat, and how bots change that."""

from __future__ import annotations

from aiogram.types import AcceptedGiftTypes, ChatFullInfo

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.media import find_file, media
from sandbox.methods.members import group, has_right, need_right, permissions
from sandbox.methods.photos import chat_photo
from sandbox.world import members
from sandbox.world.chats import Chat
from sandbox.world.events import Json

LONGEST_TITLE = 128
GRANTED = {"permissions": dict.fromkeys(members.PERMISSIONS, True)}
LONGEST_DESCRIPTION = 255
"""https://core.telegram.org/bots/api#setchatdescription"""


async def get_chat(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getchat"""
    chat = call.chat(read=True)
    info: Json = {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(AcceptedGiftTypes.model_fields, False),
        **({} if chat.bot_id or chat.is_channel else GRANTED),
        **chat.info,
        **chat.details,
    }
    if chat.info["type"] == "supergroup" and has_right(call, chat, "can_change_info"):
        info["can_set_sticker_set"] = True
    if chat.bot_id is not None:
        info |= call.world.about(chat.chat_id)
    if chat.bot_id is not None and (photos := call.world.photos.get(chat.chat_id)):
        info["photo"] = chat_photo(photos[0])
    if pinned := chat.messages.get(max(chat.pinned, default=0)):
        info["pinned_message"] = pinned.message
    return {name: value for name, value in info.items() if name in ChatFullInfo.model_fields}


async def set_chat_title(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchattitle"""
    chat = changeable(call, "change", "title")
    title = call.params["title"].strip()[:LONGEST_TITLE]
    if not title:
        raise bad_request("title must be non-empty")
    if title == chat.info["title"]:
        raise bad_request("chat title is not modified")
    chat.info = chat.info | {"title": title}
    announce(call, chat, {"new_chat_title": title})
    return True


async def set_chat_description(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatdescription"""
    chat = changeable(call, "set", "description")
    description = call.params.get("description", "")[:LONGEST_DESCRIPTION]
    if description == chat.details.get("description", ""):
        raise bad_request("chat description is not modified")
    chat.details["description"] = description
    return True


async def set_chat_permissions(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatpermissions"""
    chat = group(call, "can't change private chat permissions")
    need_right(call, chat, "can_restrict_members", "change chat permissions")
    chat.details["permissions"] = permissions(call)
    return True


async def set_chat_photo(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatphoto"""
    upload = call.params["photo"]
    if isinstance(upload, str):
        raise bad_request("photo must be uploaded as an InputFile")
    chat = changeable(call, "change", "photo")
    photo = media(find_file(call, "photo", upload), {})
    chat.details["photo"] = chat_photo(photo)
    announce(call, chat, {"new_chat_photo": photo})
    return True


async def delete_chat_photo(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletechatphoto"""
    chat = changeable(call, "change", "photo")
    if chat.details.pop("photo", None) is None:
        raise bad_request("CHAT_NOT_MODIFIED")
    announce(call, chat, {"delete_chat_photo": True})
    return True


def changeable(call: Call, verb: str, what: str) -> Chat:
    """The group, which the bot may change. Raises ApiError 400."""
    chat = group(call, f"can't change private chat {what}")
    need_right(call, chat, "can_change_info", f"{verb} chat {what}")
    return chat


def announce(call: Call, chat: Chat, content: Json) -> None:
    """A message in the group that says what has changed."""
    members.announce(call.world, chat, call.bot.user, content)
    call.world.group_changed(chat)


MODELS = {
    "setChatDescription": ("description",),
    "setChatPermissions": ("use_independent_chat_permissions",),
}
