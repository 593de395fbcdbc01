"""Reading what is stored, also what is damaged or was written by a newer version.

While a deployment is rolled out, replicas of two versions read each other's entries, so all that is
kept in Redis as JSON may grow: a field that a version does not know is ignored, and one that is
missing counts as null. A new field must be one that older versions may ignore; none changes its
meaning. What cannot be read at all is the trouble of that one entry.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import orjson

T = TypeVar("T")
V = TypeVar("V")

_BEYOND = 2**63


def read_number(value: bytes | int) -> int:
    """Read an integer of 64 bits. Raises ValueError."""
    number = int(value)
    if not -_BEYOND <= number < _BEYOND:
        raise ValueError("the number has more than 64 bits")
    return number


def read_bot_id(value: bytes) -> int:
    """Read the id of a bot. Raises ValueError."""
    number = read_number(value)
    if number <= 0:
        raise ValueError("a bot's id is a positive number")
    return number


def read_fields(value: bytes) -> dict[str, Any]:
    """Read a JSON object. Raises ValueError."""
    fields = orjson.loads(value)
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - all damage is one kind of error
    return fields


def by_bot(stored: Mapping[bytes, V], read: Callable[[V], T]) -> dict[int, T]:
    """Read a hash of bots; leaves out what is no bot's, and what `read` refuses by a ValueError."""
    return dict(_readable(stored, read))


def bot_ids(stored: Iterable[bytes]) -> set[int]:
    """Read a set of bots; leaves out what is no bot."""
    return set(by_bot(dict.fromkeys(stored, b""), bytes))


def _readable(stored: Mapping[bytes, V], read: Callable[[V], T]) -> Iterator[tuple[int, T]]:
    for bot, value in stored.items():
        try:
            yield read_bot_id(bot), read(value)
        except ValueError:
            continue
