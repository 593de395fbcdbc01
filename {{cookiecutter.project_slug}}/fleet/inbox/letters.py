"""Dead letters, as they are kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from fleet.inbox.sealing import hide
from fleet.redis.reading import read_fields, read_number

LETTER_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
LONGEST_ERROR = 1024
"""Bytes of an error that a letter keeps."""
LONGEST_TRACEBACK = 4096
"""Bytes of a traceback that a letter keeps: the first frames, the last ones and the error."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An update that could not be handled, with the reason."""

    id: str
    bot_id: int
    conversation: str
    update: dict[str, Any]
    """Without the tokens that are in it; `Inbox.replay` has them."""
    error: str
    traceback: str
    died: int
    """How many processes died during its turns."""
    failed_at: datetime

    @classmethod
    def read(cls, key: str, fields: Mapping[bytes, bytes]) -> Self:
        """Make it of an entry of a stream; the end of its id is that of the entry.

        What a newer version has added is left out, what is damaged or missing is left empty.
        """
        texts = {name.decode(): text.decode(errors="replace") for name, text in fields.items()}
        conversation, error = texts.get("conversation", ""), texts.get("error", "")
        try:
            update = read_fields(hide(fields.get(b"update", b"")))
        except ValueError:
            update, error = {}, f"{error} (what is stored of its update cannot be read)".lstrip()
        bot, _, _ = conversation.partition(":")
        return cls(
            id=key,
            bot_id=_number(bot),
            conversation=conversation,
            update=update,
            error=error,
            traceback=texts.get("traceback", ""),
            died=_number(texts.get("died", "")),
            failed_at=_moment(key),
        )


def shorten(text: str, limit: int) -> str:
    """Leave the middle out of a text that takes more than `limit` bytes in UTF-8, and say so.

    Take secrets out first: half of one is not recognised. What UTF-8 cannot hold, such as a file's
    name in an error, is written with backslashes.
    """
    whole = text.encode(errors="backslashreplace")
    if len(whole) <= limit:
        return whole.decode()
    mark = f"\n… of {len(whole):,} bytes only beginning and end are kept …\n"
    half = (limit - len(mark.encode())) // 2
    return whole[:half].decode(errors="ignore") + mark + whole[-half:].decode(errors="ignore")


def _number(text: str) -> int:
    try:
        return read_number(text.encode())
    except ValueError:
        return 0


def _moment(key: str) -> datetime:
    """Tell when an entry was made: the last but one number of its id are milliseconds."""
    milliseconds = _number("".join(key.split("-")[-2:-1]))
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
