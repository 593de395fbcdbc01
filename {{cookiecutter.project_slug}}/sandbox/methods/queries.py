"""Answers to what users press and ask: https://core.telegram.org/bots/api#answercallbackquery."""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.methods import content, media
from sandbox.methods.call import Call
from sandbox.methods.decode import TOO_OLD
from sandbox.methods.games import game
from sandbox.methods.invoices import invoice
from sandbox.methods.keyboards import inline_keyboard
from sandbox.world.events import Json

LONGEST_NOTICE = 200
"""Characters: https://core.telegram.org/bots/api#answercallbackquery."""
MOST_RESULTS = 50
LONGEST_OFFSET = 64
START = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""https://core.telegram.org/bots/api#answerinlinequery"""
RESULT_FIELDS = {"gif": "animation", "mpeg4_gif": "animation"}
"""Types of results that become another field of a Message."""
SOURCE = ("_file_id", "_url")
GIVEN: dict[str, content.Builder] = {
    "message_text": content.text,
    "phone_number": content.contact,
    "prices": invoice,
    "address": content.venue,
    "latitude": content.location,
    "game_short_name": game,
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
    if len(call.params.get("next_offset", "").encode()) > LONGEST_OFFSET:
        raise bad_request("NEXT_OFFSET_INVALID")
    button = inline_button(call.params)
    contents = {one["id"]: result_content(call, one) for one in results}
    query.answer.set_result({"results": [], **call.params, "contents": contents} | button)
    return True


def inline_button(params: Json) -> Json:
    """What stands above the results: #inlinequeryresultsbutton, or its older form. Raises ApiError
    400."""
    legacy = {"text": params.get("switch_pm_text", "")}
    legacy["start_parameter"] = params.get("switch_pm_parameter", "")
    button: Json = params.get("button") or (legacy if legacy["text"] else {})
    if not button:
        return {}
    if ("start_parameter" in button) is ("web_app" in button):
        text = "InlineQueryResultsButton must have exactly one optional field"
        raise bad_request(f"can't parse inline query results button: {text}")
    if "web_app" not in button and not START.fullmatch(button["start_parameter"]):
        raise bad_request("START_PARAM_INVALID")
    return {"button": button}


def told(result: Json) -> Json:
    """What a result tells of its file: `video_width` is the width of a video."""
    prefix = f"{result['type'].removesuffix('_gif')}_"
    return {name.removeprefix(prefix): one for name, one in result.items()}


def result_content(call: Call, result: Json) -> Json:
    """The message that a result becomes: https://core.telegram.org/bots/api#inlinequeryresult.

    Raises ApiError 400.
    """
    kind = RESULT_FIELDS.get(result["type"], result["type"])
    about = result.get("input_message_content", result)
    build = next((one for name, one in GIVEN.items() if name in about), None)
    if about is result and kind in content.MEDIA:
        sources = [v for n, v in result.items() if n.endswith(SOURCE) and n != "thumbnail_url"]
        made = media.file_content(call, kind, sources[0], result | told(result))
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
