"""Messages that are streamed: https://core.telegram.org/bots/api#messagegenerationstopped."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.world import World


async def stop_draft(world: World, bot_id: int, user_id: int) -> Json:
    """A user stops what the bot is streaming, which it must have let them: it gets
    `stopped_message_generation`."""
    bot = world.bot(bot_id)
    chat = world.chat(bot, user_id)
    if not chat.drafts:
        raise ControlError(f"bot {bot_id} streams nothing that user {user_id} may stop")
    _, about = chat.drafts.popitem()
    chat.acts()
    chat.tell("draft", bot_id, draft=None)
    [update_id] = bot.enter([{"stopped_message_generation": {"chat": chat.info, **about}}])
    return {"update_id": update_id}


COMMANDS = (stop_draft,)
