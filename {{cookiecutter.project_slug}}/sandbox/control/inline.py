"""Inline mode, as a user sees it: https://core.telegram.org/bots/api#inline-mode."""

from __future__ import annotations

import asyncio

from sandbox.control.groups import existing
from sandbox.control.looking import LONGEST_WAIT
from sandbox.errors import ControlError, NothingCameError
from sandbox.methods.payments import terms
from sandbox.world.apps import Opened
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.inline import send_by
from sandbox.world.pending import InlineQuery
from sandbox.world.world import World


async def inline_query(
    world: World,
    bot_id: int,
    user_id: int,
    query: str,
    offset: str = "",
    chat_id: int | None = None,
    chat_bot_id: int | None = None,
    timeout: float = 5.0,
) -> Json:
    """A user types `@bot query`; waits for what the bot offers, `timeout` seconds.

    Where: in the group `chat_id`, or else in the private chat with the bot `chat_bot_id`, which is
    `bot_id` unless told otherwise.
    """
    bot = world.bot(bot_id)
    chat = place(world, bot_id, user_id, chat_id, chat_bot_id)
    kind = "sender" if chat.bot_id == bot_id else chat.info["type"]
    query_id = world.new_id()
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    user = world.user(user_id)
    world.inline_queries[query_id] = InlineQuery(bot_id, query, answer)
    asked = {"id": query_id, "from": user, "query": query, "offset": offset}
    bot.enter([{"inline_query": asked | {"chat_type": kind}}])
    try:
        async with asyncio.timeout(min(LONGEST_WAIT, timeout)):
            params = await answer
    except TimeoutError:
        raise NothingCameError([]) from None
    return {
        "query_id": query_id,
        "results": params["results"],
        "button": params.get("button"),
        "next_offset": params.get("next_offset", ""),
    }


async def choose(
    world: World,
    bot_id: int,
    user_id: int,
    query_id: str,
    result_id: str,
    chat_id: int | None = None,
    chat_bot_id: int | None = None,
) -> Json:
    """A user sends a result: it becomes a message `via` the bot, which gets `chosen_inline_result`,
    in the chat that `inline_query` tells of."""
    query = world.inline_queries.get(query_id)
    if query is None or query.bot_id != bot_id or not query.answer.done():
        raise ControlError(f"no answered inline query {query_id} of bot {bot_id}", 404)
    answer = query.answer.result()
    contents = answer["contents"]
    if result_id not in contents:
        raise ControlError(f"result_id: the results are {list(contents)}")
    bot, user, content = world.bot(bot_id), world.user(user_id), contents[result_id]
    chat = place(world, bot_id, user_id, chat_id, chat_bot_id)
    message, told = send_by(world, bot, chat, user, content)
    if "invoice" in content:
        [given] = [one for one in answer["results"] if one["id"] == result_id]
        paid = terms(given["input_message_content"])
        chat.messages[message["message_id"]].terms = paid
    chosen = {"result_id": result_id, "from": user, "query": query.text, **told}
    bot.enter([{"chosen_inline_result": chosen}])
    return {"message": message}


async def summon(world: World, bot_id: int, user_id: int, chat_id: int, text: str) -> Json:
    """A user mentions a bot in a group where it is not: it gets `guest_message`, and may answer
    once. https://core.telegram.org/bots/api#answerguestquery"""
    bot, user, chat = world.bot(bot_id), world.user(user_id), existing(world, chat_id)
    if chat.is_member(bot_id):
        raise ControlError(f"bot {bot_id} is in chat {chat_id}, and hears what is said there")
    words = f"@{bot.username} {text}"
    world.enter_chat(None, chat_id, user)
    _, message = world.write(chat, user, {"text": words})
    query_id = world.new_id()
    world.guest_queries[query_id] = Opened(bot_id, user, chat)
    [update_id] = bot.enter([{"guest_message": message | {"guest_query_id": query_id}}])
    return {"update_id": update_id, "message": message}


def place(
    world: World, bot_id: int, user_id: int, chat_id: int | None, chat_bot_id: int | None
) -> Chat:
    """The chat in which inline mode is used. Raises ControlError."""
    owner = world.bot(bot_id if chat_bot_id is None else chat_bot_id)
    return world.chat(owner, user_id if chat_id is None else chat_id)


COMMANDS = (inline_query, choose, summon)
