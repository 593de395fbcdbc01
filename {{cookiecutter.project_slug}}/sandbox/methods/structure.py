"""Objects and arrays among the parameters, checked against aiogram's types.

https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from sandbox.errors import bad_request
from sandbox.methods import legacy

THUMBNAIL = "thumbnail"
DEEPEST = 100
"""Objects and arrays in each other."""
LARGEST = 2**63
NUMBER = re.compile(r"\s*(-?[0-9]{1,18})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Words:
    """What Telegram's error texts call a parameter."""

    whole: str
    several: str = ""
    """What an array is expected to be of."""
    one: str = ""
    """The object, or an item of the array."""


WORDS = {
    "commands": Words("commands", "BotCommand", "BotCommand"),
    "media": Words("input media", "InputMedia", "InputMedia"),
    "message_ids": Words("message_ids", "message identifiers", "message identifier"),
    "options": Words("options", "String as options", "option"),
    "permissions": Words("permissions", one="chat permissions"),
    "prices": Words("prices", "labeled prices", "labeled price"),
    "reaction": Words("reaction types", "ReactionType", "ReactionType"),
    "reply_markup": Words("reply keyboard markup"),
    "results": Words("inline query results", "inline query results", "inline query result"),
    "rights": Words("ChatAdministratorRights"),
    "scope": Words("BotCommandScope"),
    "stickers": Words("stickers", "InputSticker", "InputSticker"),
}
NOT_MODELLED = {"ReplyParameters": ("checklist_task_id", "ephemeral_message_id")}
"""Fields that are refused, as methods/modelled.py refuses parameters."""
LENIENT = ("entities", "allowed_updates")
"""What is not given, if it is no array."""
KINDS = {"bool": "Boolean", "float": "Number", "int": "Number", "list": "Array", "string": "String"}
"""What pydantic's kinds of errors begin with, and what Telegram calls that."""
UNCHECKED = {"reply_markup": "reply markup", "rights": "ChatAdministratorRights"}
"""Objects of which Telegram takes more than aiogram's types: buttons that are bare strings, which
methods/keyboards.py checks, and rights without those that a client does not know."""


def load(text: str | bytes) -> Any:
    """JSON. Raises ValueError, for what is nested too deep, too."""
    value = orjson.loads(text)
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in members(one)]
    if level:
        raise ValueError("too deep")
    return value


def members(value: Any) -> Iterator[Any]:
    """What is in an object or array."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def structure(name: str, annotation: Any, value: Any) -> Any:
    """An object or array as the type says, without what it does not know: numbers that came as
    strings are numbers. Raises ApiError 400 if it is none, or not what the method takes."""
    words = WORDS.get(name, Words(name.replace("_", " ")))
    lenient = name.endswith(LENIENT)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = load(value)
        except ValueError:
            if lenient:
                return None
            raise bad_request(f"can't parse {words.whole} JSON object") from None
    if lenient and not isinstance(value, list):
        return None
    value = legacy.fields(value)
    if name in UNCHECKED:
        if not isinstance(value, dict):
            raise bad_request(f"object expected as {UNCHECKED[name]}")
        return value
    return checked(annotation, value, words)


def checked(annotation: Any, value: Any, words: Words) -> Any:
    """A value as the type says. Raises ApiError 400 if it is something else."""
    try:
        # Nothing is left out here: `null` is as wrong as a number is.
        given = 0 if value is None else without_thumbnails(value)
        made = plain(validator(annotation).validate_python(given))
        return with_thumbnails(made, value)
    except ValidationError as error:
        raise bad_request(complaint(words, value, error)) from None
    except OverflowError:
        raise bad_request(f"can't parse {words.one or words.whole}: number is too big") from None


def without_thumbnails(value: Any) -> Any:
    """The same but for thumbnails: in JSON they are `attach://…`, in aiogram's types never text."""
    if isinstance(value, list):
        return [without_thumbnails(one) for one in value]
    if isinstance(value, dict):
        return {name: without_thumbnails(one) for name, one in value.items() if name != THUMBNAIL}
    return value


def with_thumbnails(made: Any, value: Any) -> Any:
    """What was checked without thumbnails with those of the value."""
    if isinstance(made, list):
        return [with_thumbnails(*both) for both in zip(made, value, strict=True)]
    if not isinstance(made, dict) or not isinstance(value, dict):
        return made
    kept = {THUMBNAIL: value[THUMBNAIL]} if isinstance(value.get(THUMBNAIL), str) else {}
    return {name: with_thumbnails(one, value.get(name)) for name, one in made.items()} | kept


@functools.cache
def validator(annotation: Any) -> TypeAdapter[Any]:
    """Knows what a value may be."""
    # Of aiogram's own types, such as that of a default, pydantic need not know anything.
    return TypeAdapter(Optional[annotation], config={"arbitrary_types_allowed": True})  # noqa: UP045


def plain(value: Any) -> Any:
    """The JSON of what was validated. Raises OverflowError for numbers that no machine has."""
    if isinstance(value, BaseModel):
        left_out = NOT_MODELLED.get(type(value).__name__, ())
        if given := [name for name in left_out if getattr(value, name)]:
            kind = type(value).__name__
            raise bad_request(
                f'the sandbox does not model "{given[0]}" of {kind}: leave it out here'
            )
        made = {
            field.alias or name: plain(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if name in value.model_fields_set and getattr(value, name) is not None
        }
        # A chat may be named by a text, which may be a number.
        number = whole(made.get("chat_id"))
        return made if number is None else made | {"chat_id": number}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, int | float) and not abs(value) < LARGEST:
        raise OverflowError
    return int(value.timestamp()) if isinstance(value, datetime) else value


def whole(value: object) -> int | None:
    """The whole part of a number, whatever stands behind it, or None when it is none."""
    if isinstance(value, float):
        return int(value) if abs(value) < LARGEST else None
    found = NUMBER.match(str(value))
    return int(found[1]) if found else None


def complaint(words: Words, value: Any, error: ValidationError) -> str:
    """The first thing that is wrong, as Telegram words such things."""
    errors = error.errors(include_url=False)
    # Of a union, only the members of the type that the value says.
    others = {one["loc"][:-1] for one in errors if one["type"] == "literal_error"}
    mine = [one for one in errors if not any(one["loc"][: len(loc)] == loc for loc in others)]
    first = (mine or errors)[0]
    names = [one for one in first["loc"] if isinstance(one, str) and one.islower()]
    one = words.one or words.whole
    if first["type"] == "list_type" and not names:
        return f"expected an Array of {words.several or words.whole}"
    if not isinstance(value, list) and not isinstance(value, dict):
        return f"object expected as {words.whole}"
    if first["type"] in ("missing", "union_tag_not_found"):
        return f"can't parse {one}: Can't find field \"{names[-1] if names else 'type'}\""
    if not mine or first["type"] == "union_tag_invalid":
        return f"can't parse {one}: type is unsupported"
    kind = KINDS.get(first["type"].partition("_")[0], "Object")
    if not names:
        return f"can't parse {one}: expected an {kind}"
    return f'can\'t parse {one}: Field "{names[-1]}" must be of type {kind}'
