"""`parse_mode=HTML`: https://core.telegram.org/bots/api#html-style."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from sandbox.entities.links import custom_emoji, date_time, is_date_style, link
from sandbox.entities.text import Formatted, Json, unparsable, utf8_length

TAG = re.compile(r"<(?P<end>/?)(?P<name>[^\s>]*)", re.ASCII)
TAG_END = re.compile(r"\s*>", re.ASCII)
ATTRIBUTE = re.compile(
    r"""\s*(?P<name>[^\s=>/"']+)\s*
    (?:=\s*(?:(?P<quote>["'])(?P<quoted>.*?)(?:(?P=quote)|\Z)|(?P<word>[A-Za-z0-9.-]*)))?""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)
REFERENCE = re.compile(
    r"""&(?:\#x(?P<hexadecimal>[0-9A-Fa-f]{1,6})(?![0-9A-Fa-f])
    |\#(?P<decimal>[0-9]{1,7})(?![0-9])
    |(?P<name>lt|gt|amp|quot)(?![A-Za-z]));?""",
    re.VERBOSE,
)
CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
KINDS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    **{name: name for name in ("code", "pre", "blockquote", "a", "tg-emoji", "tg-time")},
}


class Opened(NamedTuple):
    tag: str
    attributes: dict[str, str]
    offset: int
    part: int


def parse_html(source: str) -> Formatted:
    """Raises ApiError 400 where Telegram does, in its words."""
    out = Formatted()
    opened: list[Opened] = []
    position = 0
    while match := TAG.search(source, position):
        out.put(unescape(source[position : match.start()]))
        tag = match["name"].lower()
        at = f"at byte offset {utf8_length(source[: match.start()])}"
        if not match["end"]:
            attributes, position = start_tag(source, match.end(), tag, at)
            opened.append(Opened(tag, attributes, out.length, len(out.parts)))
            continue
        if not opened:
            raise unparsable(f"Unexpected end tag {at}")
        end = TAG_END.match(source, match.end())
        if not end:
            raise unparsable(f"Unclosed end tag {at}")
        expected = opened[-1].tag
        if tag not in ("", expected):
            raise unparsable(f'Unmatched end tag {at}, expected "</{expected}>", found "</{tag}>"')
        close(out, opened.pop())
        position = end.end()
    if opened:
        raise unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    out.put(unescape(source[position:]))
    for entity in out.entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return out


def start_tag(source: str, position: int, tag: str, at: str) -> tuple[dict[str, str], int]:
    """The attributes of a start tag, and the position after it."""
    if position == len(source):
        raise unparsable(f"Unclosed start tag {at}")
    if tag not in KINDS:
        raise unparsable(f'Unsupported start tag "{tag}" {at}')
    values: dict[str, str] = {}
    while not (end := TAG_END.match(source, position)):
        match = ATTRIBUTE.match(source, position)
        if not match:
            raise unparsable(f'Empty attribute name in the tag "{tag}" {at}')
        position = match.end()
        word = match["word"] or ""
        if position == len(source):
            named = "" if match["quote"] or word else f' "{tag}"'
            raise unparsable(f"Unclosed start tag{named} {at}")
        if match["word"] is not None and source[position] not in " \t\r\n\v>":
            offset = utf8_length(source[: match.start("word")])
            raise unparsable(f"Unexpected end of name token at byte offset {offset}")
        values[match["name"]] = word.lower() or unescape(match["quoted"] or "")
    if tag == "span" and values.get("class") != "tg-spoiler":
        raise unparsable(f'Tag "span" must have class "tg-spoiler" {at}')
    return values, end.end()


def close(out: Formatted, opened: Opened) -> None:
    """Makes an entity of what came since its tag."""
    if out.length == opened.offset:
        return
    tag, values = opened.tag, opened.attributes
    details: Json | None = {"type": KINDS[tag]}
    if tag == "a":
        details = link(values.get("href") or "".join(out.parts[opened.part :]))
    elif tag == "tg-emoji":
        details = custom_emoji(values.get("emoji-id", ""))
        if not details:
            raise unparsable("Invalid custom emoji identifier specified")
    elif tag == "tg-time":
        if not is_date_style(values.get("format", "")):
            raise unparsable("Invalid date format used")
        details = date_time(values.get("unix", ""), values.get("format", ""))
    elif tag == "blockquote" and "expandable" in values:
        details = {"type": "expandable_blockquote"}
    elif tag == "code" and values.get("class", "").startswith("language-"):
        # It counts if `pre` is around it, and is taken away again where it is not.
        details = {"type": "code", "language": values["class"].removeprefix("language-")}
    elif tag == "pre" and (language := language_inside(out, opened.offset)):
        out.entities.pop()
        details = {"type": "pre", "language": language}
    out.mark(opened.offset, details)


def language_inside(out: Formatted, offset: int) -> str:
    """The language of a `code` that fills all from an offset on, if it has one."""
    last = out.entities[-1] if out.entities else {}
    fills = last.get("offset") == offset and offset + last["length"] == out.length
    return last.get("language", "") if fills and last["type"] == "code" else ""


def unescape(source: str) -> str:
    return REFERENCE.sub(character, source) if "&" in source else source


def character(reference: re.Match[str]) -> str:
    """What a reference such as `&lt;` stands for; one that stands for nothing stays as it is."""
    if name := reference["name"]:
        return CHARACTERS[name]
    code = int(reference["decimal"] or 0) or int(reference["hexadecimal"] or "0", 16)
    if not 0 < code < sys.maxunicode:
        return reference[0]
    if 0xD800 <= code <= 0xDFFF:
        raise unparsable(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return chr(code)
