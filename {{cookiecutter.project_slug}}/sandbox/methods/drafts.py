"""Messages that are streamed while they are written: #sendmessagedraft, #sendrichmessagedraft."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods import content
from sandbox.methods.call import Call
from sandbox.methods.rich import rich_message
from sandbox.methods.topics import thread
from sandbox.world.events import Json


async def send_message_draft(call: Call) -> bool:
    """https://core.telegram.org/bots/api#sendmessagedraft: the user sees that the bot types."""
    made = content.text(call, call.params) if call.params.get("text") else {}
    return stream(call, made)


async def send_rich_message_draft(call: Call) -> bool:
    """https://core.telegram.org/bots/api#sendrichmessagedraft: the same."""
    return stream(call, rich_message(call, call.params))


def stream(call: Call, made: Json) -> bool:
    """Shows a draft, which the user may stop if the bot lets them. Raises ApiError 400."""
    chat = call.open_chat()
    draft_id = call.params["draft_id"]
    if not draft_id:
        raise bad_request("draft identifier must be non-zero")
    where = {n: one for n, one in thread(call, chat).items() if n == "message_thread_id"}
    chat.drafts.clear()
    if call.params.get("can_stop"):
        chat.drafts[draft_id] = {"draft_id": draft_id, **where}
    chat.tell("action", call.bot.bot_id, action="typing")
    told = {"can_stop": bool(call.params.get("can_stop")), **made}
    chat.tell("draft", call.bot.bot_id, draft=told)
    return True


WAYS = ("message_thread_id", "can_stop", "keep_on_stop")
MODELS = {
    "sendMessageDraft": (*WAYS, "text", "parse_mode", "entities"),
    "sendRichMessageDraft": WAYS,
}
