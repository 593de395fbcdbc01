"""Who joins by an invite link: https://core.telegram.org/bots/api#chatjoinrequest."""

from __future__ import annotations

from sandbox.world import members
from sandbox.world.events import Json
from sandbox.world.invites import Link
from sandbox.world.world import World


def enter(world: World, link: Link, user: Json, actor: Json) -> None:
    """Somebody joins by a link, let in by themselves or by an administrator."""
    link.used += 1
    about = {"invite_link": link.describe()}
    period = link.described.get("subscription_period")
    until = {"until_date": world.clock.date + period} if period else {}
    members.join(world, link.chat, actor, user, about, **until)


def ask(world: World, link: Link, user: Json) -> None:
    """Somebody asks to be let in: bots that may invite hear of it."""
    request = {
        "chat": link.chat.info,
        "from": user,
        "user_chat_id": user["id"],
        "date": world.clock.date,
        "invite_link": link.described,
    }
    link.chat.requests[user["id"]] = request
    world.group_changed(link.chat)
    for bot in world.bots_in(link.chat):
        if link.chat.member(bot.bot_id).get("can_invite_users"):
            bot.enter([{"chat_join_request": request}])
