"""Dead letters, as they are kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import orjson

LETTER_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An update that could not be handled, with the reason."""

    id: str
    bot_id: int
    conversation: str
    update: dict[str, Any]
    error: str
    traceback: str
    died: int
    """How many processes died during its turns."""
    failed_at: datetime

    @classmethod
    def read(cls, key: str, fields: Mapping[bytes, bytes]) -> Self:
        """Make it of an entry of the stream `dead`."""
        conversation = fields[b"conversation"].decode()
        return cls(
            id=key,
            bot_id=int(conversation.partition(":")[0]),
            conversation=conversation,
            update=orjson.loads(fields[b"update"]),
            error=fields[b"error"].decode(),
            traceback=fields[b"traceback"].decode(),
            died=int(fields[b"died"]),
            failed_at=datetime.fromtimestamp(int(key.partition("-")[0]) / 1000, UTC),
        )
