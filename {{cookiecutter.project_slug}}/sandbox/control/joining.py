"""Joining a group or channel by oneself: https://core.telegram.org/bots/api#chatjoinrequest."""

from __future__ import annotations

from sandbox.control.groups import existing
from sandbox.errors import ControlError
from sandbox.world import joining, members
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World


async def join(
    world: World, user_id: int, chat_id: int | None = None, link: str | None = None
) -> Json:
    """A user joins by an invite link, or a public chat without one. Answers {"joined": false} when
    an administrator has to let them in: the bots that may do so get `chat_join_request`."""
    user = world.user(user_id)
    if link is None:
        chat = existing(world, chat_id or 0)
        if not chat.name:
            raise ControlError(f"chat {chat_id} is private: join by a link, or use add_member")
        may_join(chat, user_id)
        members.join(world, chat, user, user)
        return {"joined": True}
    found = world.links.get(link)
    if found is None:
        raise ControlError(f"link: nobody has made {link}", 404)
    may_join(found.chat, user_id)
    if problem := found.problem():
        raise ControlError(f"link: {link} {problem}")
    if found.described["creates_join_request"]:
        joining.ask(world, found, user)
        return {"joined": False}
    joining.enter(world, found, user, user)
    return {"joined": True}


def may_join(chat: Chat, user_id: int) -> None:
    """Raises ControlError for who is there already, or banned."""
    if chat.is_member(user_id):
        raise ControlError(f"user {user_id} is in chat {chat.chat_id} already")
    if chat.member(user_id).get("status") == "kicked":
        raise ControlError(f"user {user_id} is banned from chat {chat.chat_id}")


COMMANDS = (join,)
