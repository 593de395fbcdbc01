"""Polls: https://core.telegram.org/bots/api#sendpoll."""

from __future__ import annotations

import re

from sandbox.entities import utf16_length
from sandbox.errors import bad_request
from sandbox.methods import content
from sandbox.methods.call import Call
from sandbox.methods.content import formatted
from sandbox.methods.decode import attached
from sandbox.methods.media import file_content
from sandbox.world.events import Json
from sandbox.world.polls import blank

MOST_OPTIONS = 12
LONGEST_OPTION = 100
LONGEST_QUESTION = 300
LONGEST_EXPLANATION = 200
MOST_LINE_FEEDS = 2
LONGEST_DESCRIPTION = 1024
SHORTEST, LONGEST = 5, 2_628_000
"""Seconds that a poll may be open."""
MOST_COUNTRIES = 12
COUNTRY = re.compile("[A-Z]{2}")
"""https://core.telegram.org/bots/api#sendpoll"""
CHOSEN = ("is_closed", "is_anonymous", "allows_multiple_answers", "allows_revoting")
"""What a Poll has as the call says."""


def poll(call: Call, params: Json) -> Json:
    """https://core.telegram.org/bots/api#sendpoll. Raises ApiError 400."""
    options = poll_options(call, params["options"])
    kind = params.get("type", "regular")
    if kind not in ("quiz", "regular"):
        raise bad_request("unsupported poll type specified")
    question = formatted(call, params, "question", "question_entities", "question_parse_mode")
    if not question:
        raise bad_request(content.EMPTY_TEXT)
    if utf16_length(question["question"]) > LONGEST_QUESTION:
        raise bad_request(f"poll question length must not exceed {LONGEST_QUESTION}")
    quiz = kind == "quiz"
    made = {
        **blank(call.world.new_id(), options, quiz=quiz),
        **question,
        **description(call, params),
        **{name: params[name] for name in CHOSEN if name in params},
        **voters(call, params),
    }
    if quiz:
        made |= right_answers(params, len(options)) | explanation(call, params)
    return {"poll": made | ({} if made["is_closed"] else period(call, params))}


def right_answers(params: Json, options: int) -> Json:
    """Those of a quiz. Raises ApiError 400."""
    legacy = [params["correct_option_id"]] if "correct_option_id" in params else []
    correct = params.get("correct_option_ids", legacy)
    if not correct:
        raise bad_request("correct quiz option list must be non-empty")
    if sorted(set(correct)) != correct:
        raise bad_request("correct quiz option list must be increasing")
    if not all(0 <= one < options for one in correct):
        raise bad_request("wrong quiz correct_option_id")
    return {"correct_option_ids": correct, "correct_option_id": correct[0]}


def explanation(call: Call, params: Json) -> Json:
    """What is shown after a wrong answer. Raises ApiError 400; what Telegram says of one that is
    too long is not documented."""
    made = formatted(call, params, "explanation", "explanation_entities", "explanation_parse_mode")
    text = made.get("explanation", "")
    if utf16_length(text) > LONGEST_EXPLANATION or text.count("\n") > MOST_LINE_FEEDS:
        most = f"{LONGEST_EXPLANATION} and have more than {MOST_LINE_FEEDS} line feeds"
        raise bad_request(f"quiz explanation length must not exceed {most}")
    return made | medium(call, params, "explanation_media")


def description(call: Call, params: Json) -> Json:
    """What stands above the question. Raises ApiError 400."""
    made = formatted(call, params, "description", "description_entities", "description_parse_mode")
    if utf16_length(made.get("description", "")) > LONGEST_DESCRIPTION:
        raise bad_request("message caption is too long")
    return made | medium(call, params, "media")


def medium(call: Call, values: Json, name: str) -> Json:
    """A file or a place in a poll: https://core.telegram.org/bots/api#pollmedia. Raises ApiError
    400."""
    item = values.get(name)
    if not item:
        return {}
    kind = item["type"]
    if kind == "location":
        return {name: content.location(call, item)}
    if kind == "venue":
        return {name: {"venue": content.venue(call, item)["venue"]}}
    if kind == "link":
        return {name: {"link": {"url": item["url"]}}}
    value = attached(item.get("media"), call.files)
    if not value or kind not in content.MEDIA:
        raise bad_request("failed to parse InputPollMedia: media not found")
    made = file_content(call, kind, value, item)
    return {name: {kind: made[kind]}}


def voters(call: Call, params: Json) -> Json:
    """Who may vote. Raises ApiError 400."""
    countries = params.get("country_codes", [])
    if not all(COUNTRY.fullmatch(one) for one in countries):
        raise bad_request("invalid country code specified")
    if len(countries) > MOST_COUNTRIES:
        raise bad_request("too many countries specified")
    channel = call.chat().is_channel
    if (countries or params.get("members_only")) and not channel:
        raise bad_request("poll voters can be restricted only in channel chats")
    if channel and not params.get("is_anonymous", True):
        raise bad_request("non-anonymous polls can't be sent to channel chats")
    told = {"country_codes": countries} if countries else {}
    return {"members_only": params.get("members_only", False), **told}


def period(call: Call, params: Json) -> Json:
    """How long it is open. Raises ApiError 400; what Telegram says of a wrong time is not
    documented."""
    now = call.world.clock.date
    seconds = params.get("open_period") or (params.get("close_date") or now) - now
    if not seconds:
        return {}
    # A second may have passed on the way.
    shortest = SHORTEST if "open_period" in params else SHORTEST - 1
    if not shortest <= seconds <= LONGEST:
        text = f"poll must be open for at least {SHORTEST} and at most {LONGEST} seconds"
        raise bad_request(text)
    return {"open_period": seconds, "close_date": now + seconds}


def poll_options(call: Call, given: list[Json | str]) -> list[Json]:
    """What can be voted for: https://core.telegram.org/bots/api#inputpolloption. Raises ApiError
    400."""
    if not 1 <= len(given) <= MOST_OPTIONS:
        few = "poll must have at least one answer option"
        raise bad_request(f"poll can't have more than {MOST_OPTIONS} options" if given else few)
    options = []
    for one in given:
        values = one if isinstance(one, dict) else {"text": one}
        option = formatted(call, values, "text", "text_entities", "text_parse_mode")
        if not option:
            raise bad_request(content.EMPTY_TEXT)
        if utf16_length(option["text"]) > LONGEST_OPTION:
            raise bad_request(f"poll options length must not exceed {LONGEST_OPTION}")
        options.append(option | medium(call, values, "media"))
    return options
