"""Messages that one member of a group sees: #ephemeral-messages-and-commands."""

from __future__ import annotations

from sandbox.control.groups import existing
from sandbox.control.people import check_button
from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.pending import Press
from sandbox.world.world import World


async def ephemeral_messages(world: World, chat_id: int, user_id: int | None = None) -> list[Json]:
    """What bots have said to a user alone in a group, or to anybody."""
    found = existing(world, chat_id).whispers.items()
    return [message for (who, _), message in found if user_id in (None, who)]


async def press_ephemeral(
    world: World, chat_id: int, user_id: int, ephemeral_message_id: int, data: str
) -> Json:
    """A user presses the inline button with this callback data below such a message."""
    chat = existing(world, chat_id)
    message = chat.whispers.get((user_id, ephemeral_message_id))
    if message is None:
        raise ControlError(f"no ephemeral message {ephemeral_message_id} for user {user_id}", 404)
    check_button(message, data)
    chat.acts()
    bot, query_id = world.bot(message["from"]["id"]), world.new_id()
    world.presses[query_id] = Press(bot.bot_id, user_id, chat)
    about = {"from": world.user(user_id), "chat_instance": str(chat_id), "data": data}
    query = {"id": query_id, **about, "message": message}
    return {"update_id": bot.enter([{"callback_query": query}])[0], "query_id": query_id}


COMMANDS = (ephemeral_messages, press_ephemeral)
