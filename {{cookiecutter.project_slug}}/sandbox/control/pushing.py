"""Updates as they are, and what they tell becomes true: a bot can answer what it was pushed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.errors import ControlError
from sandbox.world import members
from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.pending import Checkout, InlineQuery, Press
from sandbox.world.world import World

NAMES = ("last_name", "username", "language_code")


async def push(world: World, bot_id: int, updates: list[Json]) -> Json:
    """Raw updates. Their users, chats and members become known, messages appear in their chats,
    queries can be answered."""
    bot = world.bot(bot_id)
    if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
        raise ControlError("updates: write a list of objects")
    if not all(isinstance(one.get("update_id", 0), int) for one in updates):
        raise ControlError("update_id: write a number, or leave it out for the next one")
    for update in updates:
        for kind, content in update.items():
            if isinstance(content, dict):
                meet(world, content)
                chat = place(world, bot, content)
                if kind in QUERIES and isinstance(content.get("id"), str):
                    QUERIES[kind](world, bot, content)
                elif chat and kind in EVENTS:
                    EVENTS[kind](world, bot, chat, content)
    return {"update_ids": bot.enter(updates)}


def meet(world: World, value: object) -> None:
    """The users in an update become known."""
    if isinstance(value, dict):
        if value.get("is_bot") is False and isinstance(value.get("id"), int):
            about = {name: value.get(name) for name in NAMES}
            world.user(value["id"], value.get("first_name"), **about)
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            meet(world, one)


def place(world: World, bot: Bot, content: Json) -> Chat | None:
    """The chat that an update is about, in which the bot is from now on."""
    info = content.get("chat") or (content.get("message") or {}).get("chat")
    if not isinstance(info, dict) or not isinstance(info.get("id"), int) or "type" not in info:
        return None
    chat = world.chat(bot, info["id"])
    chat.info = chat.info | info
    if chat.bot_id is not None:
        bot.chats[chat.chat_id] = chat
        bot.awaited.pop(chat.chat_id, None)
    elif not chat.is_member(bot.bot_id):
        rights = dict.fromkeys(members.rights_in(chat), True)
        chat.members[bot.bot_id] = (
            members.administrator(chat, bot.user, rights)
            if chat.is_channel
            else {"status": "member", "user": bot.user}
        )
        world.group_changed(chat)
    return chat


def write(world: World, _: Bot, chat: Chat, message: Json) -> None:
    """A message appears, and who wrote it is in the group."""
    message_id, sender = message.get("message_id"), message.get("from")
    if not isinstance(message_id, int):
        return
    if chat.bot_id is None and isinstance(sender, dict) and not chat.is_member(sender["id"]):
        chat.members[sender["id"]] = {"status": "member", "user": sender}
        world.group_changed(chat)
    chat.ids.skip(message_id)
    world.keep(chat, message, None)


def rewrite(world: World, bot: Bot, chat: Chat, message: Json) -> None:
    """A message changes, or appears if nobody knew it."""
    if message.get("message_id") in chat.messages:
        chat.edit(message)
    else:
        write(world, bot, chat, message)


def become(world: World, bot: Bot, chat: Chat, changed: Json) -> None:
    """Somebody is something else in a chat; who blocks the bot is not written to."""
    new = changed.get("new_chat_member")
    if not isinstance(new, dict) or not isinstance(new.get("user"), dict):
        return
    if chat.bot_id is not None:
        (bot.blocked.add if new["status"] == "kicked" else bot.blocked.discard)(chat.chat_id)
        bot.changed()
        return
    chat.members[new["user"]["id"]] = new
    if new["status"] == "administrator" and new.get("can_be_edited"):
        chat.promoters[new["user"]["id"]] = bot.bot_id
    world.group_changed(chat)


def react(_: World, __: Bot, chat: Chat, changed: Json) -> None:
    """Somebody has reacted to a message."""
    stored = chat.messages.get(changed.get("message_id", 0))
    if stored and isinstance(changed.get("user"), dict):
        stored.reactions[changed["user"]["id"]] = changed.get("new_reaction", [])
        chat.tell_reactions(stored)


def ask(_: World, __: Bot, chat: Chat, request: Json) -> None:
    """Somebody asks to join."""
    if isinstance(request.get("from"), dict):
        chat.requests[request["from"]["id"]] = request


def press(world: World, bot: Bot, query: Json) -> None:
    """Somebody has pressed a button."""
    sender = query["from"]["id"]
    chat = place(world, bot, query) or world.chat(bot, sender)
    world.presses[query["id"]] = Press(bot.bot_id, sender, chat)


def search(world: World, bot: Bot, query: Json) -> None:
    """Somebody types `@bot query`."""
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    world.inline_queries[query["id"]] = InlineQuery(bot.bot_id, query.get("query", ""), answer)


def check_out(world: World, bot: Bot, query: Json) -> None:
    """Somebody is about to pay."""
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    world.checkouts[query["id"]] = Checkout(bot.bot_id, "pre_checkout", answer)


EVENTS: dict[str, Callable[[World, Bot, Chat, Json], None]] = {
    "message": write,
    "channel_post": write,
    "edited_message": rewrite,
    "edited_channel_post": rewrite,
    "my_chat_member": become,
    "chat_member": become,
    "message_reaction": react,
    "chat_join_request": ask,
}
"""What becomes true of a chat, by the kind of update: https://core.telegram.org/bots/api#update."""
QUERIES: dict[str, Callable[[World, Bot, Json], None]] = {
    "callback_query": press,
    "inline_query": search,
    "pre_checkout_query": check_out,
}
"""What can be answered."""

COMMANDS = (push,)
