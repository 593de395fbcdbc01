"""Inline mode, as a user sees it: https://core.telegram.org/bots/api#inline-mode."""

from __future__ import annotations

import asyncio

from sandbox.control.looking import LONGEST_WAIT
from sandbox.errors import ControlError, NothingCameError
from sandbox.world.events import Json
from sandbox.world.pending import InlineQuery
from sandbox.world.world import World


async def inline_query(
    world: World,
    bot_id: int,
    user_id: int,
    query: str,
    offset: str = "",
    chat_id: int | None = None,
    timeout: float = 5.0,
) -> Json:
    """A user types `@bot query`; waits for what the bot offers, `timeout` seconds."""
    bot = world.bot(bot_id)
    query_id = world.new_id()
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    user = world.user(user_id)
    world.inline_queries[query_id] = InlineQuery(bot_id, user, query, answer)
    asked = {"id": query_id, "from": user, "query": query, "offset": offset}
    if chat_id is not None:
        asked["chat_type"] = (
            "sender" if chat_id == bot_id else world.chat(bot, chat_id).info["type"]
        )
    bot.enter([{"inline_query": asked}])
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
) -> Json:
    """A user sends a result: it becomes a message `via` the bot, which gets
    `chosen_inline_result`."""
    query = world.inline_queries.get(query_id)
    if query is None or query.bot_id != bot_id or not query.answer.done():
        raise ControlError(f"no answered inline query {query_id} of bot {bot_id}", 404)
    contents = query.answer.result()["contents"]
    if result_id not in contents:
        raise ControlError(f"result_id: the results are {list(contents)}")
    bot, user, content = world.bot(bot_id), world.user(user_id), contents[result_id]
    where = user_id if chat_id is None else chat_id
    # Of a group the bot need not be a member.
    chat = world.enter_chat(bot if where >= 0 else None, where, user)
    _, message = world.write(chat, user, content | {"via_bot": bot.user})
    chosen = {"result_id": result_id, "from": user, "query": query.text}
    if "reply_markup" in content:
        inline_id = world.new_id()
        chat.messages[message["message_id"]].inline_id = inline_id
        world.inline_messages[inline_id] = (bot_id, chat, message["message_id"])
        chosen["inline_message_id"] = inline_id
    bot.enter([{"chosen_inline_result": chosen}])
    return {"message": message}


COMMANDS = (inline_query, choose)
