"""Groups and who is in them."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.world import members
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World

FIRST_ID = -1000


async def groups(world: World) -> list[Json]:
    """All groups."""
    return [group.describe() for group in world.groups.values()]


async def create_group(
    world: World, title: str, user_ids: list[int], bot_ids: list[int], *, supergroup: bool = True
) -> Json:
    """A group of users, the first of whom owns it, and bots, which hear of it."""
    if not user_ids:
        raise ControlError("user_ids: a group has an owner, so name a user at least")
    bots = [world.bot(bot_id).user for bot_id in bot_ids]
    group = world.group(next_id(world, supergroup=supergroup), title)
    fill(world, group, [*map(world.user, user_ids), *bots])
    return group.describe()


def next_id(world: World, *, supergroup: bool = True) -> int:
    """For a new group; those of supergroups and channels are in one row."""
    first = FIRST_ID - 10**12 if supergroup else FIRST_ID
    same = (one for one in world.groups if (one <= -(10**12)) is supergroup)
    return min([*same, first + 1]) - 1


def fill(world: World, group: Chat, users: list[Json]) -> None:
    """Users and bots join a new group, which the first one owns."""
    owner = users[0]
    creator = {"status": "creator", "user": owner, "is_anonymous": False}
    members.change(world, group, owner, creator)
    for user in users[1:]:
        members.join(world, group, owner, user)


async def add_member(world: World, chat_id: int, member_id: int) -> Json:
    """A user or a bot joins."""
    group = existing(world, chat_id)
    user = person(world, member_id)
    if not group.is_member(member_id):
        members.join(world, group, owner_of(group) or user, user)
    return group.describe()


async def remove_member(
    world: World, chat_id: int, member_id: int, by_id: int | None = None
) -> Json:
    """A user leaves, a bot is thrown out by the owner; or an administrator removes either, who is
    banned then."""
    group = existing(world, chat_id)
    user = person(world, member_id)
    banned = by_id not in (None, member_id) or member_id in world.bots
    actor = leader(world, group, by_id, "can_restrict_members") if banned else user
    if group.is_member(member_id):
        members.leave(world, group, actor or user, user, until=0 if banned else None)
    return group.describe()


async def promote(
    world: World,
    chat_id: int,
    member_id: int,
    status: str = "administrator",
    rights: list[str] | None = None,
    by_id: int | None = None,
) -> Json:
    """The owner, or an administrator, makes somebody one with all rights or with some, or with
    status `member` takes them away."""
    group = existing(world, chat_id)
    user = person(world, member_id)
    if status not in ("administrator", "member"):
        raise ControlError("status: write administrator or member")
    known = members.rights_in(group)
    given = set(known if rights is None else rights)
    if unknown := given - {*known, "is_anonymous"}:
        named = ", ".join(sorted(unknown))
        raise ControlError(f"rights: no {named}; there are: {', '.join(known)}")
    new = {"status": "member", "user": user}
    if status == "administrator":
        new = members.administrator(group, user, dict.fromkeys(given, True))
    actor = leader(world, group, by_id, "can_promote_members")
    members.change(world, group, actor or user, new)
    return group.describe()


def leader(world: World, group: Chat, user_id: int | None, right: str) -> Json | None:
    """Who does something to others: the owner, or `user_id`. Raises ControlError for who may
    not."""
    if user_id is None:
        return owner_of(group)
    member = group.member(user_id)
    if member.get("status") != "creator" and not member.get(right):
        raise ControlError(f"user {user_id} may not do that in the group: promote them first")
    return world.user(user_id)


def existing(world: World, chat_id: int) -> Chat:
    """A group that is there. Raises ControlError."""
    if chat_id not in world.groups:
        raise ControlError(f"no group {chat_id}; there are: {list(world.groups)}", 404)
    group = world.groups[chat_id]
    if group.migrated_to:
        raise ControlError(f"the group {chat_id} is the supergroup {group.migrated_to} now")
    return group


def person(world: World, user_id: int) -> Json:
    """Somebody who is known. Raises ControlError."""
    if user_id not in world.users and user_id not in world.bots:
        raise ControlError(f"no user or bot {user_id}", 404)
    return world.user(user_id)


def owner_of(group: Chat) -> Json | None:
    """Who created it; None if nobody is left who did."""
    owners = (one["user"] for one in group.members.values() if one["status"] == "creator")
    return next(owners, None)


COMMANDS = (groups, create_group, add_member, remove_member, promote)
