"""What a bot with privacy mode hears in groups: #privacy-mode of
https://core.telegram.org/bots/features. A bot has it until its owner switches it off."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.summary import SERVICE
from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json

DONE = (
    *SERVICE,
    *("successful_payment", "users_shared", "chat_shared", "web_app_data", "managed_bot_created"),
    *("write_access_allowed", "connected_website", "passport_data"),
)
"""What a service message has: all bots of the chat hear of it."""


def hearers(bots: Iterable[Bot], chat: Chat, update: Json, to: Bot | None) -> list[Bot]:
    """Which bots of a chat get an update about what a user did there: first of all the one that it
    is sent `to`, whatever its mode. Who watches is told of the bots that do not."""
    there = sorted(bots, key=lambda bot: bot is not to)
    told = [bot for bot in there if bot is to or hears(bot, chat, update)]
    if len(told) < len(there):
        deaf = [bot.bot_id for bot in there if bot not in told]
        there[0].events.tell("unheard", chat=chat.key, bot_ids=deaf)
    return told


def hears(bot: Bot, chat: Chat, update: Json) -> bool:
    """Whether a bot hears what a user wrote in a chat. Administrators hear all, and everybody what
    is a service message."""
    message = update.get("message") or update.get("edited_message")
    if not bot.private or message is None or chat.bot_id is not None:
        return True
    if chat.member(bot.bot_id).get("status") == "administrator":
        return True
    if any(name in message for name in DONE):
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
