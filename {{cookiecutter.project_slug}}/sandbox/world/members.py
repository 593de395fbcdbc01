"""Who is in a chat, as what: https://core.telegram.org/bots/api#chatmember."""

from __future__ import annotations

from aiogram.types import (
    ChatAdministratorRights,
    ChatPermissions,
)

from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World

OF_CHANNELS = ("can_post_messages", "can_edit_messages", "can_manage_direct_messages")
OF_GROUPS = ("can_pin_messages", "can_manage_topics", "can_manage_tags")
RIGHTS = tuple(
    name
    for name in ChatAdministratorRights.model_fields
    if name.startswith("can_") and name not in OF_CHANNELS
)
CHANNEL_RIGHTS = tuple(
    name
    for name in ChatAdministratorRights.model_fields
    if name.startswith("can_") and name not in OF_GROUPS
)
PERMISSIONS = tuple(ChatPermissions.model_fields)


def member(world: World, chat: Chat, user_id: int, bot_id: int | None = None) -> Json:
    """The ChatMember object of somebody, as a bot sees it; `left` for who was never there."""
    found = chat.member(user_id)
    if not found:
        status = "member" if user_id in (chat.chat_id, chat.bot_id) else "left"
        found = {"status": status}
    return seen(chat, found | {"user": world.user(user_id)}, bot_id)


def seen(chat: Chat, member: Json, bot_id: int | None) -> Json:
    """A ChatMember object as a bot sees it: administrators can be changed by who made them some."""
    if member["status"] != "administrator":
        return member
    return member | {"can_be_edited": chat.promoters.get(member["user"]["id"]) == bot_id}


def rights_in(chat: Chat) -> tuple[str, ...]:
    """What administrators of a group or channel may have the right to."""
    return CHANNEL_RIGHTS if chat.is_channel else RIGHTS


def administrator(chat: Chat, user: Json, rights: Json) -> Json:
    """https://core.telegram.org/bots/api#chatmemberadministrator: every right implies the one to
    manage the chat."""
    return {
        "status": "administrator",
        "user": user,
        "can_be_edited": False,
        **{name: bool(rights.get(name, False)) for name in ("is_anonymous", *rights_in(chat))},
        "can_manage_chat": True,
    }


SENDING = {
    "animation": ("can_send_other_messages", "animations"),
    "audio": ("can_send_audios", "audios"),
    "contact": ("can_send_messages", "contacts"),
    "dice": ("can_send_other_messages", "dice"),
    "document": ("can_send_documents", "documents"),
    "game": ("can_send_other_messages", "games"),
    "invoice": ("can_send_messages", "invoices"),
    "location": ("can_send_messages", "locations"),
    "photo": ("can_send_photos", "photos"),
    "poll": ("can_send_polls", "polls"),
    "sticker": ("can_send_other_messages", "stickers"),
    "text": ("can_send_messages", "text messages"),
    "video": ("can_send_videos", "videos"),
    "video_note": ("can_send_video_notes", "video notes"),
    "voice": ("can_send_voice_notes", "voice notes"),
}
"""The permission that a content needs (https://core.telegram.org/bots/api#chatpermissions) and what
it is called. An animation is a document, too, and comes first."""


def forbidden(chat: Chat, user_id: int, content: Json) -> str | None:
    """What of a message somebody may not send in a chat, in words; None: all is allowed."""
    member = chat.member(user_id)
    if chat.is_channel:
        may_post = member.get("status") == "creator" or member.get("can_post_messages")
        return None if may_post else "posts"
    if member.get("status") in ("creator", "administrator"):
        return None
    allowed = chat.details.get("permissions", {})
    for right, noun in (SENDING[kind] for kind in SENDING if kind in content):
        return None if member.get(right, True) and allowed.get(right, True) else noun
    return None


def change(world: World, chat: Chat, actor: Json, new: Json, about: Json | None = None) -> None:
    """Makes somebody something else in a chat; `about` tells how it came. A bot hears of itself by
    `my_chat_member`, of others by `chat_member`, for which it must ask
    (https://core.telegram.org/bots/api#update)."""
    user_id = new["user"]["id"]
    old = member(world, chat, user_id)
    if old == new:
        return
    before = dict(chat.promoters)
    chat.members[user_id] = new
    if new["status"] == "administrator":
        chat.promoters[user_id] = actor["id"]

    def changed(bot_id: int) -> Json:
        was = old
        if old["status"] == "administrator":
            was = old | {"can_be_edited": before.get(user_id) == bot_id}
        return {
            "chat": chat.info,
            "from": actor,
            "date": world.clock.date,
            "old_chat_member": was,
            "new_chat_member": seen(chat, new, bot_id),
            **(about or {}),
        }

    if user_id in world.bots:
        world.bots[user_id].enter([{"my_chat_member": changed(user_id)}])
    for bot in led_by(world, chat):
        if bot.bot_id != user_id:
            bot.enter([{"chat_member": changed(bot.bot_id)}])
    if chat.bot_id is None:
        world.group_changed(chat)


def leads(chat: Chat, user_id: int) -> bool:
    """Whether somebody is the owner or an administrator."""
    return chat.member(user_id).get("status") in ("creator", "administrator")


def led_by(world: World, chat: Chat) -> list[Bot]:
    """The bots that are administrators."""
    return [
        bot
        for bot in world.bots_in(chat)
        if chat.members.get(bot.bot_id, {}).get("status") == "administrator"
    ]


def join(
    world: World, chat: Chat, actor: Json, user: Json, about: Json | None = None, **until: int
) -> None:
    """Somebody is added to a group: all bots in it see the message. In a channel, where there is
    none, bots are administrators. `about` tells how it came, `until` when it ends."""
    new = {"status": "member", "user": user, **until}
    if chat.is_channel and user["is_bot"]:
        new = administrator(chat, user, dict.fromkeys(CHANNEL_RIGHTS, True))
    chat.requests.pop(user["id"], None)
    change(world, chat, actor, new, about)
    if not chat.is_channel:
        announce(world, chat, actor, {"new_chat_members": [user]})


def leave(world: World, chat: Chat, actor: Json, user: Json, until: int | None = None) -> None:
    """Somebody is out of a group, and with `until`, a time or 0, banned."""
    if chat.is_member(user["id"]) and not chat.is_channel:
        announce(world, chat, actor, {"left_chat_member": user})
    gone = {"status": "left"} if until is None else {"status": "kicked", "until_date": until}
    change(world, chat, actor, gone | {"user": user})


def announce(world: World, chat: Chat, actor: Json, content: Json) -> None:
    """A service message. All bots hear of what a user did; what a bot did it hears of alone."""
    bot = world.bots.get(actor["id"])
    if bot is None:
        world.write(chat, actor, content)
    else:
        message = world.post(chat, actor, content, bot_id=bot.bot_id)
        bot.enter([{chat.update("message"): message}])
    if chat.bot_id is None:
        world.group_changed(chat)
