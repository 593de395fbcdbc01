"""Parameters of a call, as aiogram's types describe them.

https://core.telegram.org/bots/api#making-requests: they come in the query, as a form, as multipart
or as JSON; except in JSON every value is a string, and objects are JSON inside it.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Annotated, Any, get_args, get_origin

import aiogram.methods
import orjson
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile, TelegramObject

from sandbox.errors import bad_request
from sandbox.methods import legacy
from sandbox.methods.structure import structure, whole
from sandbox.world.files import Upload

Method = type[TelegramMethod[Any]]
TRUE = ("1", "true", "yes")
ATTACHED = "attach://"


class Shape(Enum):
    """How a parameter is written."""

    TEXT = auto()
    NUMBER = auto()
    REAL = auto()
    BOOLEAN = auto()
    ID = auto()
    """A number, or a name."""
    FILE = auto()
    """An upload, the id of a file, or its address."""
    JSON = auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a method."""

    name: str
    shape: Shape
    required: bool
    annotation: Any


TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
MISSING = {
    "action": "wrong parameter action in request",
    "callback_query_id": TOO_OLD,
    "chat_id": "chat_id is empty",
    "file_id": "file_id not specified",
    "inline_query_id": TOO_OLD,
    "latitude": "latitude is empty",
    "longitude": "longitude is empty",
    "message_ids": "message identifiers are not specified",
    "options": "can't parse options JSON object",
    "pre_checkout_query_id": TOO_OLD,
    "question": "text must be non-empty",
    "text": "message text is empty",
    "user_id": "invalid user_id specified",
}
MAY_BE_EMPTY = ("commands", "custom_title", "message_id", "ok", "results", "url")
"""What aiogram requires and Telegram does not, or what the methods have several words for."""


@functools.cache
def known_methods() -> dict[str, Method]:
    """Every method that aiogram knows, by its name in lower case: Telegram ignores the case."""
    classes = (one for _, one in inspect.getmembers(aiogram.methods, inspect.isclass))
    return {
        one.__api_method__.lower(): one
        for one in classes
        if issubclass(one, TelegramMethod) and one is not TelegramMethod
    }


def known_method(name: str) -> Method | None:
    """A method by its name in any case, or by one that it had."""
    return known_methods().get(legacy.METHODS.get(name.lower(), name.lower()))


@functools.cache
def parameters(method: Method) -> list[Parameter]:
    """What a method takes."""
    return [
        Parameter(name, shape_of(field.annotation), field.is_required(), field.annotation)
        for name, field in method.model_fields.items()
    ]


def shape_of(annotation: Any) -> Shape:
    """How values of a type are written."""
    types = set(parts(annotation))
    if InputFile in types:
        return Shape.FILE
    if any(get_origin(one) or issubclass(one, (TelegramObject, dict)) for one in types):
        return Shape.JSON
    if {int, str} <= types:
        return Shape.ID
    if bool in types:
        return Shape.BOOLEAN
    if int in types or datetime in types:
        return Shape.NUMBER
    return Shape.REAL if float in types else Shape.TEXT


def parts(annotation: Any) -> Iterator[Any]:
    """The members of a union, without what wraps them; lists and literals stay whole."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from parts(get_args(annotation)[0])
    elif origin is None or origin in (list, dict):
        yield annotation
    else:
        for one in get_args(annotation):
            yield from parts(one if not isinstance(one, str) else str)


@functools.cache
def field_types(model: type[TelegramObject]) -> dict[str, Any]:
    """The fields of one of Telegram's objects, by the names that they have in JSON."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def member_type(model: type[TelegramObject], name: str) -> type[TelegramObject]:
    """The type of the objects in a field: `photo` of a Message is made of PhotoSize."""
    for one in parts(model.model_fields[name].annotation):
        inner = get_args(one)[0] if get_origin(one) is list else one
        if inspect.isclass(inner) and issubclass(inner, TelegramObject):
            return inner
    raise TypeError(f"{model.__name__}.{name} holds no object")


def decode(
    method: Method, values: Mapping[str, Any], files: Mapping[str, Upload]
) -> dict[str, Any]:
    """The parameters with numbers, JSON and files read; those that are empty are left out, and so
    are those that the method does not know.

    Raises ApiError 400 in Telegram's words.
    """
    decoded = {}
    values = legacy.parameters(method.__api_method__, values, files)
    files = legacy.renamed(files)
    for parameter in parameters(method):
        value = values.get(parameter.name)
        if parameter.shape is Shape.FILE:
            value = attached(value, files) or files.get(parameter.name)
        elif value is not None:
            value = read(parameter, value)
        if value is not None and value != "":
            decoded[parameter.name] = value
        elif parameter.required and parameter.name not in MAY_BE_EMPTY:
            raise bad_request(missing(parameter))
    return decoded


def missing(parameter: Parameter) -> str:
    """What Telegram says when a parameter is not there."""
    if parameter.shape is Shape.FILE:
        return f"there is no {parameter.name.replace('_', ' ')} in the request"
    return MISSING.get(parameter.name, f'parameter "{parameter.name}" is required')


def attached(value: object, files: Mapping[str, Upload]) -> Upload | str | None:
    """The file that a value names, its id or its address; None if there is none."""
    if not isinstance(value, str):
        return None
    return files.get(value.removeprefix(ATTACHED)) if value.startswith(ATTACHED) else value


def read(parameter: Parameter, value: Any) -> Any:
    """A value in the shape of its parameter; None for a number that is none, as Telegram takes it
    for not given."""
    match parameter.shape:
        case Shape.NUMBER:
            number = whole(value)
            return None if parameter.name == "user_id" and (number or 0) <= 0 else number
        case Shape.ID:
            number = whole(value)
            return str(value) if number is None else number
        case Shape.REAL:
            try:
                real = float(value)
            except (TypeError, ValueError):
                return None
            return real if math.isfinite(real) else None
        case Shape.BOOLEAN:
            return str(value).strip().lower() in TRUE
        case Shape.JSON:
            return structure(parameter.name, parameter.annotation, value)
        case _:
            return value if isinstance(value, str) else orjson.dumps(value).decode()


def shown(decoded: dict[str, Any]) -> dict[str, Any]:
    """Parameters as the record of calls and the page show them."""
    return {
        name: {"name": value.name, "bytes": len(value.data)} if isinstance(value, Upload) else value
        for name, value in decoded.items()
    }
