"""Formatting of texts as Telegram does it: https://core.telegram.org/bots/api#formatting-options.

A text that a bot sends goes through `parse` (its `parse_mode`), `trim` (what Telegram removes,
which entities may be nested) and `detect` (commands, links and the like that Telegram finds).
Entities are MessageEntity objects in JSON; offsets and lengths are in UTF-16 code units. The user
of a text_mention has an `id` only.
"""

from sandbox.entities.detect import detect
from sandbox.entities.html import parse_html
from sandbox.entities.markdown import parse_markdown, parse_markdown_v2
from sandbox.entities.nesting import ordered
from sandbox.entities.text import Json, utf16_length, utf16_part
from sandbox.entities.trim import trim
from sandbox.errors import bad_request

__all__ = ["detect", "parse", "trim", "utf16_length", "utf16_part"]

PARSERS = {"html": parse_html, "markdown": parse_markdown, "markdownv2": parse_markdown_v2}


def parse(text: str, mode: str) -> tuple[str, list[Json]]:
    """The text and the entities that markup stands for.

    Raises ApiError 400 with Telegram's text for broken markup and an unknown mode.
    """
    mode = mode.lower()
    if not text or mode in ("", "none"):
        return text, []
    if mode not in PARSERS:
        raise bad_request("unsupported parse_mode")
    out = PARSERS[mode](text)
    return "".join(out.parts), ordered(out.entities)
