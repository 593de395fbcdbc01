"""Invite links that people make, and whom they let in: #chatinvitelink, #chatjoinrequest."""

from __future__ import annotations

from aiogram.types import ChatInviteLink

from sandbox.control.groups import existing, leader
from sandbox.errors import ControlError
from sandbox.methods.content import described
from sandbox.world import joining
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.invites import Link, new_address
from sandbox.world.world import World

RIGHT = "can_invite_users"


async def details(world: World, chat_id: int) -> Json:
    """What administrators see of a group or channel besides: its invite `links`, the `requests` to
    join, its `boosts`."""
    chat = existing(world, chat_id)
    return {
        "links": [one.describe() for one in world.links.values() if one.chat is chat],
        "requests": list(chat.requests.values()),
        "boosts": list(chat.boosts.values()),
    }


async def look_at_link(world: World, link: str) -> Json:
    """Where an invite link leads, before somebody joins."""
    found = world.links.get(link)
    if found is None:
        raise ControlError(f"link: nobody has made {link}", 404)
    count = sum(found.chat.is_member(one) for one in found.chat.members)
    about = {"problem": found.problem(), "members": count, "link": found.describe()}
    return {"chat": found.chat.info, **about}


async def create_link(
    world: World,
    chat_id: int,
    user_id: int,
    name: str = "",
    member_limit: int = 0,
    creates_join_request: bool = False,  # noqa: FBT001, FBT002
) -> Json:
    """An administrator makes an invite link: for so many, or for those whom somebody lets in."""
    chat = existing(world, chat_id)
    if creates_join_request and member_limit:
        raise ControlError("member_limit: whoever asks is let in by somebody, so leave it out")
    about = {
        "invite_link": new_address(),
        "creator": leader(world, chat, user_id, RIGHT),
        "name": name or None,
        "member_limit": member_limit or None,
        "creates_join_request": creates_join_request,
    }
    link = Link(chat, described(ChatInviteLink, about))
    world.links[link.address] = link
    return link.describe()


async def revoke_link(world: World, chat_id: int, user_id: int, link: str) -> Json:
    """An administrator ends a link: nobody can join by it any more."""
    chat = existing(world, chat_id)
    leader(world, chat, user_id, RIGHT)
    found = world.links.get(link)
    if found is None or found.chat is not chat:
        raise ControlError(f"link: chat {chat_id} has no {link}", 404)
    found.described = found.described | {"is_revoked": True}
    return found.describe()


async def answer_request(
    world: World,
    chat_id: int,
    user_id: int,
    member_id: int,
    approve: bool,  # noqa: FBT001
) -> Json:
    """An administrator lets somebody in who asked to join, or not."""
    chat: Chat = existing(world, chat_id)
    actor = leader(world, chat, user_id, RIGHT)
    request = chat.requests.pop(member_id, None)
    if request is None or actor is None:
        raise ControlError(f"user {member_id} has not asked to join chat {chat_id}", 404)
    if approve:
        link = world.links[request["invite_link"]["invite_link"]]
        joining.enter(world, link, request["from"], actor)
    else:
        world.group_changed(chat)
    return chat.describe()


COMMANDS = (details, look_at_link, create_link, revoke_link, answer_request)
