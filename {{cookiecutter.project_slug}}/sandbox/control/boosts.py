"""Boosts of chats: https://core.telegram.org/bots/api#chatboost."""

from __future__ import annotations

from sandbox.control.groups import existing, person
from sandbox.errors import ControlError
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World

DAY = 86400


async def boost(world: World, chat_id: int, user_id: int, days: int = 30) -> Json:
    """A user with Premium boosts a group or channel: its administrators get `chat_boost`."""
    chat, now = existing(world, chat_id), world.clock.date
    made: Json = {
        "boost_id": world.new_id(),
        "add_date": now,
        "expiration_date": now + days * DAY,
        "source": {"source": "premium", "user": person(world, user_id)},
    }
    chat.boosts[made["boost_id"]] = made
    tell(world, chat, {"chat_boost": {"chat": chat.info, "boost": made}})
    return made


async def remove_boost(world: World, chat_id: int, boost_id: str) -> Json:
    """A boost ends: the administrators get `removed_chat_boost`."""
    chat = existing(world, chat_id)
    ended = chat.boosts.pop(boost_id, None)
    if ended is None:
        raise ControlError(f"boost_id: the boosts are {list(chat.boosts)}", 404)
    about = {"chat": chat.info, "boost_id": boost_id, "source": ended["source"]}
    tell(world, chat, {"removed_chat_boost": about | {"remove_date": world.clock.date}})
    return {}


def tell(world: World, chat: Chat, update: Json) -> None:
    """An update for the administrators among the bots."""
    for bot in world.bots_in(chat):
        if chat.member(bot.bot_id)["status"] == "administrator":
            bot.enter([update])


COMMANDS = (boost, remove_boost)
