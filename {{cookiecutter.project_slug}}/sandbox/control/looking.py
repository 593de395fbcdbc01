"""What can be seen: bots, chats, calls; and waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.errors import ApiError, ControlError, NothingCameError
from sandbox.methods.profile import scope_key
from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World

LONGEST_WAIT = 300.0
"""Seconds a request may wait."""


async def bots(world: World) -> list[Json]:
    """All bots known."""
    return [bot.describe() for bot in world.bots.values()]


async def add_bot(world: World, token: str) -> Json:
    """Makes a bot known before it calls."""
    bot_id, _, secret = token.partition(":")
    if not bot_id.isdecimal() or not secret:
        raise ControlError("token: this is none; one looks like 123456789:AA…")
    try:
        return world.authorize(int(bot_id), secret).describe()
    except ApiError as error:
        raise ControlError(f"token: bot {bot_id} has another one, or it is revoked") from error


async def set_privacy(world: World, bot_id: int, private: bool) -> Json:  # noqa: FBT001
    """The owner of a bot switches its privacy mode, as BotFather does: with it, as at first, the
    bot hears in groups what is meant for it."""
    bot = world.bot(bot_id)
    bot.private = private
    bot.changed()
    return bot.describe()


async def menu(world: World, bot_id: int, user_id: int, chat_id: int | None = None) -> Json:
    """The commands that a user is shown, and the menu button.

    https://core.telegram.org/bots/api#determining-list-of-commands
    """
    bot = world.bot(bot_id)
    chat = world.chat(bot, user_id if chat_id is None else chat_id)
    language = world.user(user_id).get("language_code", "")
    for scope in scopes(chat, user_id):
        for code in (language, ""):
            if commands := bot.commands.get((scope, code)):
                return {"commands": commands, "button": menu_button(bot, chat)}
    return {"commands": [], "button": menu_button(bot, chat)}


def scopes(chat: Chat, user_id: int) -> list[str]:
    """The scopes that may hold, the narrowest first."""
    if chat.bot_id is not None:
        return [
            scope_key("chat", chat.chat_id),
            scope_key("all_private_chats"),
            scope_key("default"),
        ]
    status = chat.members.get(user_id, {}).get("status")
    admin = status in ("administrator", "creator")
    return [
        scope_key("chat_member", chat.chat_id, user_id),
        *([scope_key("chat_administrators", chat.chat_id)] if admin else []),
        scope_key("chat", chat.chat_id),
        *([scope_key("all_chat_administrators")] if admin else []),
        scope_key("all_group_chats"),
        scope_key("default"),
    ]


def menu_button(bot: Bot, chat: Chat) -> Json:
    """https://core.telegram.org/bots/api#menubutton"""
    default = bot.profile.get(("menu_button", ""), {"type": "commands"})
    return bot.profile.get(("menu_button", str(chat.chat_id)), default)


async def messages(world: World, chat_id: int, bot_id: int | None = None) -> list[Json]:
    """A chat as it looks now; one in which nothing was said is empty. What is no part of a Message:
    `reactions`, `votes` in a poll, the `buyers` of paid media, and whether it is `pinned`."""
    chat = look(world, bot_id, chat_id)
    return [message | marks(world, chat, message) for message in chat.view()]


def marks(world: World, chat: Chat, message: Json) -> Json:
    """What only those who look at a message see of it."""
    buyers = chat.messages[message["message_id"]].buyers
    poll = world.polls.get(message.get("poll", {}).get("id"))
    votes = [{"user_id": one, "option_ids": ids} for one, ids in poll.votes.items()] if poll else []
    pinned = message["message_id"] in chat.pinned
    told = {"votes": votes, "pinned": pinned, "buyers": sorted(buyers)}
    return {name: value for name, value in told.items() if value}


async def reply(
    world: World,
    bot_id: int,
    chat_id: int,
    after: int | None = None,
    seen: int = 0,
    timeout: float = 0.0,
) -> Json:
    """Waits for the bot's next message; see Chat.next_reply for `after` and `seen`."""
    chat = look(world, bot_id, chat_id)
    return await wait_for(world, chat, lambda: chat.next_reply(bot_id, after, seen), timeout)


async def edited(
    world: World, bot_id: int, chat_id: int, message_id: int, timeout: float = 0.0
) -> Json:
    """Waits until a message was edited; see Chat.next_edit."""
    chat = look(world, bot_id, chat_id)
    return await wait_for(world, chat, lambda: chat.next_edit(message_id), timeout)


async def notice(world: World, query_id: str, timeout: float = 0.0) -> Json:
    """Waits for what a press is answered with."""
    press = world.presses.get(query_id)
    if press is None:
        raise ControlError(f"no press {query_id}", 404)
    return await wait_for(world, press.chat, lambda: press.notice, timeout)


async def calls(
    world: World,
    bot_id: int | None = None,
    method: str | None = None,
    at_least: int = 0,
    timeout: float = 0.0,
) -> list[Json]:
    """The recorded calls of the Bot API; waits for `at_least` of them."""
    return await world.calls.wait(bot_id, method, at_least, min(LONGEST_WAIT, timeout))


def look(world: World, bot_id: int | None, chat_id: int) -> Chat:
    """A chat. Raises ControlError."""
    return world.chat(world.bot(bot_id) if bot_id is not None else None, chat_id)


async def wait_for(
    world: World, chat: Chat, find: Callable[[], Json | None], timeout: float
) -> Json:
    """What `find` finds, now or after an event of the chat. Raises NothingCameError after `timeout`
    seconds."""
    with world.events.watch(chat.key) as queue:
        try:
            async with asyncio.timeout(min(LONGEST_WAIT, timeout)):
                while (found := find()) is None:
                    if (await queue.get())["event"] == "stop":
                        raise ControlError("the sandbox stops", 503)
        except TimeoutError:
            raise NothingCameError(chat.view()) from None
    return found


COMMANDS = (bots, add_bot, set_privacy, menu, messages, reply, edited, notice, calls)
