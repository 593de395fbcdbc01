"""Entities, as tests of formatting write them."""

from typing import Any

Json = dict[str, Any]
LINK = {"url": "https://x.org/"}
USER = {"user": {"id": 42}}
EMOJI = {"custom_emoji_id": "5368324170671202286"}


def entity(kind: str, offset: int, length: int, **details: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length, **details}
