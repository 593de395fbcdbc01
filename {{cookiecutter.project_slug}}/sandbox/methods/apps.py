"""Messages of Mini Apps: https://core.telegram.org/bots/api#answerwebappquery."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.decode import TOO_OLD
from sandbox.methods.members import somebody
from sandbox.methods.queries import result_content
from sandbox.world.apps import Prepared
from sandbox.world.events import Json
from sandbox.world.inline import send_by

LIFETIME = 86400
"""Seconds for which a prepared message can be sent; Telegram does not tell how long."""
KINDS = ("user", "bot", "group", "channel")


async def answer_web_app_query(call: Call) -> Json:
    """https://core.telegram.org/bots/api#answerwebappquery: once."""
    query_id = call.params["web_app_query_id"]
    opened = call.world.apps.get(query_id)
    if opened is None or opened.bot_id != call.bot.bot_id:
        raise bad_request(TOO_OLD)
    content = result_content(call, call.params["result"])
    del call.world.apps[query_id]
    _, told = send_by(call.world, call.bot, opened.chat, opened.user, content)
    return told


async def save_prepared_inline_message(call: Call) -> Json:
    """https://core.telegram.org/bots/api#savepreparedinlinemessage"""
    user_id = somebody(call)
    kinds = frozenset(kind for kind in KINDS if call.params.get(f"allow_{kind}_chats"))
    if not kinds:
        raise bad_request("at least one chat type must be allowed")
    content = result_content(call, call.params["result"])
    prepared_id = call.world.new_id()
    call.world.prepared[prepared_id] = Prepared(call.bot.bot_id, user_id, content, kinds)
    return {"id": prepared_id, "expiration_date": call.world.clock.date + LIFETIME}


MODELS = {"savePreparedInlineMessage": tuple(f"allow_{kind}_chats" for kind in KINDS)}
