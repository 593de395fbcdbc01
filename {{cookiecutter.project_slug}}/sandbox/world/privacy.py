"""What a bot with privacy mode hears in groups: #privacy-mode of
https://core.telegram.org/bots/features."""

from __future__ import annotations

from sandbox.summary import SERVICE
from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json


def hears(bot: Bot, chat: Chat, update: Json) -> bool:
    """Whether a bot gets an update about what a user wrote in a chat. Administrators hear all, and
    everybody what is a service message."""
    message = update.get("message") or update.get("edited_message")
    if not bot.private or message is None or chat.bot_id is not None:
        return True
    if chat.member(bot.bot_id).get("status") == "administrator":
        return True
    if any(name in message for name in SERVICE):
        return True
    named = (message.get("via_bot"), message.get("reply_to_message", {}).get("from"))
    return any(one and one["id"] == bot.bot_id for one in named) or commands(bot, chat, message)


def commands(bot: Bot, chat: Chat, message: Json) -> bool:
    """Whether a message is a command for the bot: one that names it, or one that names nobody if no
    other bot was the last to write."""
    text = message.get("text") or message.get("caption") or ""
    if not text.startswith("/"):
        return False
    command, _, name = text.split()[0].partition("@")
    if name:
        return bool(name.lower() == bot.username.lower())
    last = (one.bot_id for one in reversed(chat.messages.values()) if one.bot_id is not None)
    return len(command) > 1 and next(last, bot.bot_id) == bot.bot_id
