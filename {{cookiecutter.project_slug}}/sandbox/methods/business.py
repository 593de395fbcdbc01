"""On behalf of business accounts: https://core.telegram.org/bots/api#getbusinessconnection."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.content import formatted
from sandbox.methods.editing import edit
from sandbox.world.business import Connection
from sandbox.world.events import Json

FORBIDDEN = "BOT_ACCESS_FORBIDDEN"
"""What Telegram says when the user has not given the bot a right."""
OWN = "can_delete_sent_messages"
MOST_TASKS = 30
"""https://core.telegram.org/bots/api#inputchecklist"""


async def get_business_connection(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getbusinessconnection"""
    return call.connection().described


async def delete_business_messages(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletebusinessmessages: those that are not there are
    skipped."""
    connection, ids = call.connection(), call.message_ids()
    found = [
        (chat, chat.messages[one])
        for chat in connection.chats.values()
        for one in ids
        if one in chat.messages
    ]
    own = all(stored.bot_id == call.bot.bot_id for _, stored in found)
    if not (connection.may("can_delete_all_messages") or (own and connection.may(OWN))):
        raise bad_request(FORBIDDEN)
    for chat, stored in found:
        chat.delete(stored.message["message_id"])
    return True


async def edit_message_checklist(call: Call) -> object:
    """https://core.telegram.org/bots/api#editmessagechecklist"""
    chat, stored = call.own_message()
    if "checklist" not in stored.message:
        raise bad_request("message can't be edited")
    return edit(call, chat, stored, checklist(call, call.params), ("checklist",))


def checklist(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendchecklist. Raises ApiError 400."""
    given = values["checklist"]
    title = formatted(call, given, "title", "title_entities")
    tasks = [
        {"id": one["id"], **formatted(call, one, "text", "text_entities")} for one in given["tasks"]
    ]
    if not title or not 1 <= len(tasks) <= MOST_TASKS or not all("text" in one for one in tasks):
        raise bad_request("CHECKLIST_INVALID")
    if len({one["id"] for one in tasks}) < len(tasks):
        raise bad_request("CHECKLIST_INVALID")
    others = {name: True for name in given if name.startswith("others_can_") and given[name]}
    return {"checklist": {**title, "tasks": tasks, **others}}


def allowed(call: Call, right: str) -> Connection:
    """The connection, by which the bot has a right. Raises ApiError 400."""
    connection = call.connection()
    if not connection.may(right):
        raise bad_request(FORBIDDEN)
    return connection


MODELS = {"editMessageChecklist": ("reply_markup",)}
