"""Messages that people send by way of a bot: https://core.telegram.org/bots/api#inline-mode."""

from __future__ import annotations

from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World


def send_by(world: World, bot: Bot, chat: Chat, user: Json, content: Json) -> tuple[Json, Json]:
    """A user sends what a bot has prepared. Returns the message and, if the bot can edit it, what
    is to be told of that: its `inline_message_id`."""
    # Of a group no bot need be a member.
    world.enter_chat(world.bots.get(chat.bot_id or 0), chat.chat_id, user)
    _, message = world.write(chat, user, content | {"via_bot": bot.user})
    if "reply_markup" not in content:
        return message, {}
    return message, {"inline_message_id": editable(world, bot, chat, message)}


def editable(world: World, bot: Bot, chat: Chat, message: Json) -> str:
    """The inline_message_id by which a bot may edit a message from now on."""
    inline_id = world.new_id()
    chat.messages[message["message_id"]].inline_id = inline_id
    world.inline_messages[inline_id] = (bot.bot_id, chat, message["message_id"])
    return inline_id
