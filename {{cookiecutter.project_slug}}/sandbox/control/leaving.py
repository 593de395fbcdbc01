"""What changes where somebody can be reached: a user deletes the account, a group becomes a
supergroup."""

from __future__ import annotations

from sandbox.control.groups import existing, next_id, owner_of
from sandbox.errors import ControlError
from sandbox.world.chats import describe_private
from sandbox.world.events import Json
from sandbox.world.world import World

ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
"""Whom a message names that a supergroup itself has sent: https://core.telegram.org/bots/api#message."""


async def deactivate(world: World, user_id: int) -> Json:
    """A user deletes the account: what bots write there is refused with 403."""
    if user_id not in world.users:
        raise ControlError(f"no user {user_id}", 404)
    gone = {"id": user_id, "is_bot": False, "first_name": ""}
    world.deactivated.add(user_id)
    world.users[user_id] = gone
    for bot in world.bots.values():
        if chat := bot.chats.get(user_id):
            chat.info = describe_private(gone)
    for group in world.groups.values():
        if user_id in group.members:
            group.members[user_id] |= {"user": gone}
            world.group_changed(group)
    world.events.tell("user", user=gone)
    return {}


async def migrate(world: World, chat_id: int) -> Json:
    """A group becomes a supergroup, which has another id. All of its bots are told, in the old one
    (`migrate_to_chat_id`) and in the new one (`migrate_from_chat_id`); what they write into the old
    one is refused from now on. https://core.telegram.org/bots/api#responseparameters"""
    group = existing(world, chat_id)
    if group.info["type"] != "group":
        raise ControlError(f"chat {chat_id} is a {group.info['type']}: only a group becomes one")
    owner = owner_of(group)
    if owner is None:
        raise ControlError(f"the group {chat_id} has no owner who could do that")
    new = world.group(next_id(world), group.info["title"])
    new.members = dict(group.members)
    new.details = dict(group.details)
    world.write(group, owner, {"migrate_to_chat_id": new.chat_id})
    group.migrated_to = new.chat_id
    world.group_changed(group)
    world.group_changed(new)
    world.write(new, ANONYMOUS, {"sender_chat": new.info, "migrate_from_chat_id": chat_id})
    return new.describe()


COMMANDS = (deactivate, migrate)
