"""Telegram's JSON, read leniently: one damaged update must not keep those beside it from coming.

Telegram's server passes on what others wrote, also where that is no Unicode. What nothing behind
the intake could store or print is mended here, once, so that nobody else needs to think of it.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

DEEPEST = 100
"""How deep arrays and objects may be nested. Telegram's stay far below."""
_ROOM = 3
"""Levels that what prints an update may put around it: orjson writes 254."""
_SHORT = 19
"""Characters of an integer that surely fits into 64 bits."""

_HALF = re.compile(
    # Kept: both halves of a surrogate pair, and any other escape, such as that of a backslash.
    r"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u])"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
# A text without an end goes to the end: else every quote in it would be looked at as its start.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def loads(content: str | bytes) -> Any:
    """Read JSON.

    Half a surrogate pair and bytes that are no UTF-8 become U+FFFD; NaN, infinity and what is
    nested deeper than `DEEPEST` become null; integers above 64 bits lose their last digits.
    Raises ValueError if it still is no JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        text = content if isinstance(content, str) else content.decode(errors="replace")
        text = _cut(_HALF.sub(lambda found: found["whole"] or r"\ufffd", text))
        return json.loads(
            text,
            strict=False,  # control characters may stand for themselves
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=lambda _: None,
        )


def dumps(update: Mapping[str, Any]) -> bytes:
    """Write an update that `loads` has read. What is nested too deep becomes null."""
    try:
        return _dumps(update)
    except TypeError:
        return _dumps(_shallow(update))


def _dumps(update: Any) -> bytes:
    for _ in range(_ROOM):
        update = [update]
    return orjson.dumps(update)[_ROOM:-_ROOM]


def _shallow(value: Any, levels: int = DEEPEST) -> Any:
    if isinstance(value, dict):
        return {key: _shallow(item, levels - 1) for key, item in value.items()} if levels else None
    if isinstance(value, list):
        return [_shallow(item, levels - 1) for item in value] if levels else None
    return value


def _cut(text: str) -> str:
    """Write null for what is nested too deep, as Python's reader would break off there."""
    kept, start, depth = [], 0, 0
    for token in _NESTING.finditer(text):
        if token[0] in ("[", "{"):
            if depth == DEEPEST:
                kept += [text[start : token.start()], "null"]
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
            if depth == DEEPEST:
                start = token.end()
    if depth <= DEEPEST:
        kept.append(text[start:])
    return "".join(kept)


def _integer(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= _SHORT else _finite(digits)


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None
