"""Channels, and the names of public chats: https://core.telegram.org/bots/api#chat."""

from __future__ import annotations

import re

from sandbox.control.groups import existing, fill, next_id
from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.world import World

CHANNEL_BOT = {
    "id": 136817688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}
"""Who seems to write what is written in the name of a channel: #message, `from`."""
NAME = re.compile(r"@?([A-Za-z]\w{3,31})", re.ASCII)


async def create_channel(
    world: World,
    title: str,
    user_ids: list[int],
    bot_ids: list[int] | None = None,
    username: str | None = None,
) -> Json:
    """A channel, public if it has a `username`. The first user owns it, the others subscribe; bots
    are administrators with all rights. Users post with `send`, join with `add_member`."""
    if not user_ids:
        raise ControlError("user_ids: a channel has an owner, so name a user at least")
    bots = [world.bot(bot_id).user for bot_id in bot_ids or ()]
    about = {"username": free(world, username)} if username else {}
    channel = world.group(next_id(world), title, type="channel", **about)
    fill(world, channel, [*map(world.user, user_ids), *bots])
    return channel.describe()


async def set_username(world: World, chat_id: int, username: str = "") -> Json:
    """Makes a group or channel public under a name, or without one private again."""
    chat = existing(world, chat_id)
    private = {name: value for name, value in chat.info.items() if name != "username"}
    chat.info = private | ({"username": free(world, username)} if username else {})
    world.group_changed(chat)
    return chat.describe()


async def send_as(world: World, user_id: int, chat_id: int, sender_id: int, text: str) -> Json:
    """A user writes in a group in the name of a channel that they own."""
    chat, sender = existing(world, chat_id), existing(world, sender_id)
    if not sender.is_channel or sender.member(user_id).get("status") != "creator":
        raise ControlError(f"user {user_id} owns no channel {sender_id}")
    if sender_id in chat.banned_senders:
        raise ControlError(f"channel {sender_id} is banned from chat {chat_id}")
    content = {"text": text, "sender_chat": sender.info}
    update_id, message = world.write(chat, CHANNEL_BOT, content)
    return {"update_id": update_id, "message": message}


def free(world: World, username: str) -> str:
    """A name that nobody has, without its @. Raises ControlError."""
    name = NAME.fullmatch(username)
    if name is None:
        raise ControlError("username: write 4 to 32 letters, digits and _, a letter first")
    if world.named(f"@{name[1]}"):
        raise ControlError(f"username: @{name[1]} is taken")
    return name[1]


COMMANDS = (create_channel, set_username, send_as)
