"""The text of a message as Telegram keeps it: without what it removes, with valid entities."""

from __future__ import annotations

import re
from bisect import bisect_left

from sandbox.entities.nesting import FOUND, RANKS, end, nest
from sandbox.entities.text import Json, utf8_length, utf16, utf16_length
from sandbox.errors import bad_request

CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
REMOVED = re.compile(r"[\r\u2028-\u202e\u0333\u033f\u030a]")
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202e\ufeff\u180e\u2800\ufffc"
BLANK = re.compile(rf"[\s{INVISIBLE}]*")


def trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """A text without blanks at its ends, and its entities clipped and nested to match.

    Empty if nothing visible is left. Raises ApiError 400 for an entity that is unknown, is not in
    the text or halves a character. Those that Telegram finds by itself are left out.
    """
    if entities:
        entities = checked(text, entities)
    text, entities = clean(text, entities)
    text = text.rstrip(" \n")
    if BLANK.fullmatch(text):
        return "", []
    blanks = len(text) - len(text.lstrip(" \n"))
    if entities := nest(clipped(entities, utf16_length(text))):
        # Blanks at the start stay where they are in an entity.
        blanks = min(blanks, entities[0]["offset"])
    return text[blanks:], [one | {"offset": one["offset"] - blanks} for one in entities]


def checked(text: str, entities: list[Json]) -> list[Json]:
    """The entities that a bot may give, nested."""
    for one in entities:
        if one["type"] not in RANKS:
            raise bad_request("can't parse MessageEntity: Unsupported type specified")
        for name in ("offset", "length"):
            if one[name] < 0:
                raise bad_request(f"receive an entity with incorrect {name} {one[name]}")
    entities = nest([one for one in entities if one["length"] and one["type"] not in FOUND])
    units = utf16(text)
    for one in entities:
        start = one["offset"]
        check_edge(units, start, "entity begins")
        check_edge(units, end(one), f"entity beginning at UTF-16 offset {start} ends")
    return entities


def check_edge(units: bytes, offset: int, what: str) -> None:
    if 2 * offset > len(units):
        raise bad_request(f"{what} after the end of the text at UTF-16 offset {offset}")
    if 2 * offset < len(units) and 0xDC <= units[2 * offset + 1] <= 0xDF:
        position = utf8_length(units[: 2 * offset + 2].decode("utf-16-le", "surrogatepass"))
        raise bad_request(f"{what} in a middle of a UTF-16 symbol at byte offset {position}")


def clipped(entities: list[Json], size: int) -> list[Json]:
    kept = [one for one in entities if one["length"] and one["offset"] < size]
    return [one | {"length": min(one["length"], size - one["offset"])} for one in kept]


def clean(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Control characters become blanks; what Telegram removes is removed, and offsets moved."""
    text = CONTROL.sub(" ", text)
    removed: list[int] = []
    offset = position = 0
    for match in REMOVED.finditer(text):
        offset += utf16_length(text[position : match.start()])
        removed.append(offset)
        offset, position = offset + 1, match.end()
    if not removed:
        return text, entities

    def moved(offset: int) -> int:
        return offset - bisect_left(removed, offset)

    spans = [(moved(one["offset"]), moved(end(one))) for one in entities]
    return REMOVED.sub("", text), [
        one | {"offset": start, "length": stop - start}
        for one, (start, stop) in zip(entities, spans, strict=True)
    ]
