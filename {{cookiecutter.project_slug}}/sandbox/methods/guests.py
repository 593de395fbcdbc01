"""Bots that are called into chats where they are not: #answerguestquery."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.decode import TOO_OLD
from sandbox.methods.queries import result_content
from sandbox.world.events import Json
from sandbox.world.inline import editable


async def answer_guest_query(call: Call) -> Json:
    """https://core.telegram.org/bots/api#answerguestquery: once."""
    query_id = call.params["guest_query_id"]
    called = call.world.guest_queries.get(query_id)
    if called is None or called.bot_id != call.bot.bot_id:
        raise bad_request(TOO_OLD)
    made = result_content(call, call.params["result"])
    del call.world.guest_queries[query_id]
    bot, chat = call.bot, called.chat
    caller = {"guest_bot_caller_user": called.user}
    message = call.world.post(chat, bot.user, made | caller, bot_id=bot.bot_id)
    return {"inline_message_id": editable(call.world, bot, chat, message)}
