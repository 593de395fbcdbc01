"""Answers to what users press and ask: https://core.telegram.org/bots/api#answercallbackquery."""

from __future__ import annotations

from functools import partial

from sandbox.errors import bad_request
from sandbox.methods import content, media
from sandbox.methods.call import Call
from sandbox.methods.decode import TOO_OLD
from sandbox.methods.keyboards import inline_keyboard
from sandbox.world.events import Json

LONGEST_NOTICE = 200
"""Characters: https://core.telegram.org/bots/api#answercallbackquery."""
MOST_RESULTS = 50
"""https://core.telegram.org/bots/api#answerinlinequery"""
RESULT_FIELDS = {"gif": "animation", "mpeg4_gif": "animation"}
"""Types of results that become another field of a Message."""
SOURCE = ("_file_id", "_url")
GIVEN: dict[str, content.Builder] = {
    "message_text": content.text,
    "phone_number": partial(content.plain, kind="contact"),
    "prices": content.invoice,
    "address": content.venue,
    "latitude": content.location,
    "game_short_name": content.game,
}
"""What a message is made of, told by a field of a result that is no file or of its content:
https://core.telegram.org/bots/api#inlinequeryresult, #inputmessagecontent."""


async def answer_callback_query(call: Call) -> bool:
    """https://core.telegram.org/bots/api#answercallbackquery: once."""
    params = call.params
    notice = {
        "text": params.get("text", ""),
        "show_alert": params.get("show_alert", False),
        "url": params.get("url", ""),
    }
    if len(notice["text"]) > LONGEST_NOTICE:
        raise bad_request("MESSAGE_TOO_LONG")
    query_id = params["callback_query_id"]
    press = call.world.presses.get(query_id)
    if press is None or press.bot_id != call.bot.bot_id or press.notice is not None:
        raise bad_request(TOO_OLD)
    press.notice = notice
    press.chat.tell(
        "callback_answer", call.bot.bot_id, query_id=query_id, user_id=press.user_id, **notice
    )
    return True


async def answer_inline_query(call: Call) -> bool:
    """https://core.telegram.org/bots/api#answerinlinequery: once."""
    query = call.world.inline_queries.get(call.params["inline_query_id"])
    if query is None or query.bot_id != call.bot.bot_id or query.answer.done():
        raise bad_request(TOO_OLD)
    results = call.params.get("results", [])
    if len(results) > MOST_RESULTS:
        raise bad_request("too many inline query results specified")
    ids = [one["id"] for one in results]
    if len(set(ids)) < len(ids):
        raise bad_request("RESULT_ID_DUPLICATE")
    if not all(1 <= len(str(one).encode()) <= 64 for one in ids):
        raise bad_request("RESULT_ID_INVALID")
    contents = {one["id"]: result_content(call, one) for one in results}
    button = {"text": call.params.get("switch_pm_text", "")}
    button["start_parameter"] = call.params.get("switch_pm_parameter", "")
    legacy = {"button": button} if button["text"] else {}
    query.answer.set_result({"results": [], **legacy, **call.params, "contents": contents})
    return True


def result_content(call: Call, result: Json) -> Json:
    """The message that a result becomes: https://core.telegram.org/bots/api#inlinequeryresult.

    Raises ApiError 400.
    """
    kind = RESULT_FIELDS.get(result["type"], result["type"])
    about = result.get("input_message_content", result)
    build = next((one for name, one in GIVEN.items() if name in about), None)
    if about is result and kind in content.MEDIA:
        sources = [v for n, v in result.items() if n.endswith(SOURCE) and n != "thumbnail_url"]
        made = media.file_content(call, kind, sources[0], result)
    elif build:
        made = build(call, about | {"text": about.get("message_text", "")})
    else:
        raise bad_request("input message content is not specified")
    return made | inline_keyboard(result, None)


MODELS = {
    "answerCallbackQuery": ("text", "show_alert", "url", "cache_time"),
    "answerInlineQuery": (
        *("cache_time", "is_personal", "next_offset", "button"),
        *("switch_pm_text", "switch_pm_parameter"),
    ),
}
