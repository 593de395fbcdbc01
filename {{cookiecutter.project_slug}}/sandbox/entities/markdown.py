"""`parse_mode=MarkdownV2` and the older `Markdown`.

https://core.telegram.org/bots/api#markdownv2-style and #markdown-style.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.entities.links import emoji_or_time, link
from sandbox.entities.text import Formatted, Json, unparsable, utf8_length
from sandbox.errors import ApiError

RESERVED = re.compile(r"\\[\x01-\x7e]|[_*\[\]()~`>#+\-=|{}.!\n]")
RESERVED_IN_CODE = re.compile(r"\\[\x01-\x7e]|`")
ESCAPED = re.compile(r"\\([\x01-\x7e])")
PRE = re.compile(r"```(?:(?P<language>[^\s`]+)(?=\s))?(?:\r\n|\n\r|\n|\r)?", re.ASCII)
URL = re.compile(r"\((?P<url>(?:\\[\x01-\x7e]|[^)])*+)\)")
OPENERS = {
    "__": "Underline",
    "_": "Italic",
    "*": "Bold",
    "~": "Strikethrough",
    "||": "Spoiler",
    "`": "Code",
    "[": "TextUrl",
    "![": "CustomEmoji",
}
OPENER = re.compile("|".join(map(re.escape, OPENERS)))
CLOSERS = {kind: opener for opener, kind in OPENERS.items()}
CLOSERS |= {"Pre": "```", "PreCode": "```", "TextUrl": "]", "CustomEmoji": "]"}

OLD_RESERVED = re.compile(r"\\?[_*`\[]")
OLD_URL = re.compile(r"\((?P<url>[^)]*)\)?")
OLD_KINDS = {"_": "italic", "*": "bold", "`": "code"}


class Opened(NamedTuple):
    kind: str
    """As Telegram's error texts call it."""
    start: int
    offset: int
    part: int
    language: str = ""


@dataclass
class MarkdownV2:
    """What has been read so far."""

    source: str
    out: Formatted = field(default_factory=Formatted)
    opened: list[Opened] = field(default_factory=list)
    in_quote: bool = False
    at_line_start: bool = True
    """Whether a quote may begin here."""

    def parse(self) -> Formatted:
        position = 0
        while position < len(self.source):
            in_code = self.opened and self.opened[-1].kind in ("Code", "Pre", "PreCode")
            reserved = RESERVED_IN_CODE if in_code else RESERVED
            match = reserved.search(self.source, position)
            start = match.start() if match else len(self.source)
            self.put(self.source[position:start])
            if not match:
                break
            if self.ends(start):
                position = self.close(start)
            elif (text := match[0][-1]) == "\n" or len(match[0]) == 2:
                self.put(text)
                self.at_line_start |= text == "\n"
                position = match.end()
            else:
                position = self.open(start)
        if self.in_quote:
            self.close_quote(len(self.source))
        if self.opened:
            raise self.unended(self.opened[-1])
        return self.out

    def put(self, text: str) -> None:
        self.out.put(text)
        self.at_line_start &= not text.strip("\r")

    def ends(self, start: int) -> bool:
        """Whether what was opened last ends here."""
        if not self.opened:
            return False
        if self.in_quote and self.source[start] == "\n":
            return not self.source.startswith(">", start + 1)
        kind = self.opened[-1].kind
        if kind == "Italic" and self.source.startswith("__", start):
            return False
        return kind != "BlockQuote" and self.source.startswith(CLOSERS[kind], start)

    def open(self, start: int) -> int:
        """Begins what begins here. Returns where its text begins."""
        sign, language = self.source[start], ""
        if pre := PRE.match(self.source, start):
            language, end = pre["language"] or "", pre.end()
            kind = "PreCode" if language else "Pre"
        elif opener := OPENER.match(self.source, start):
            kind, end = OPENERS[opener[0]], opener.end()
        elif sign == ">" and self.at_line_start:
            kind, end = "BlockQuote", start + 1
            if self.in_quote:
                return end
            self.in_quote = True
        else:
            raise unparsable(
                f"Character '{sign}' is reserved and must be escaped with the preceding '\\'"
            )
        opened = Opened(kind, start, self.out.length, len(self.out.parts), language)
        self.opened.append(opened)
        return end

    def close(self, start: int) -> int:
        """Ends what was opened last. Returns where the text goes on."""
        if self.source[start] == "\n":
            self.out.put("\n")
            self.close_quote(start)
            return start + 1
        kind, _, offset, part, language = self.opened.pop()
        end = start + len(CLOSERS[kind])
        details: Json | None
        if kind in ("TextUrl", "CustomEmoji"):
            url = URL.match(self.source, end)
            if not url and self.source.startswith("(", end):
                position = utf8_length(self.source[: end + 1])
                raise unparsable(f"Can't find end of a URL at byte offset {position}")
            address = ESCAPED.sub(r"\1", url["url"]) if url else "".join(self.out.parts[part:])
            if kind == "TextUrl":
                details = link(address)
            elif not url:
                raise unparsable("The entity must contain a tg://emoji or tg://time URL")
            elif not (details := emoji_or_time(address)):
                raise unparsable("Invalid tg://emoji or tg://time URL specified")
            end = url.end() if url else end
        elif kind == "PreCode":
            details = {"type": "pre", "language": language}
        else:
            details = {"type": kind.lower()}
        self.out.mark(offset, details)
        return end

    def close_quote(self, end: int) -> None:
        """Ends a quote. A spoiler that begins right at its end makes it expandable."""
        kind = "blockquote"
        opened = self.opened.pop()
        if opened.kind == "Spoiler" and self.source[opened.start : end] in ("||", "||\r"):
            kind = "expandable_blockquote"
            opened = self.opened.pop()
        if opened.kind != "BlockQuote":
            raise self.unended(opened)
        self.out.mark(opened.offset, {"type": kind})
        self.in_quote, self.at_line_start = False, True

    def unended(self, opened: Opened) -> ApiError:
        position = utf8_length(self.source[: opened.start])
        return unparsable(f"Can't find end of {opened.kind} entity at byte offset {position}")


def parse_markdown_v2(source: str) -> Formatted:
    """Raises ApiError 400 where Telegram does, in its words."""
    return MarkdownV2(source).parse()


def parse_markdown(source: str) -> Formatted:
    """The older Markdown, without nesting. Raises ApiError 400 where Telegram does."""
    out = Formatted()
    position = 0
    while match := OLD_RESERVED.search(source, position):
        out.put(source[position : match.start()])
        start, position = match.span()
        sign = match[0]
        if len(sign) == 2:
            out.put(sign[1])
            continue
        details: Json | None = {"type": OLD_KINDS.get(sign)}
        closer = "]" if sign == "[" else sign
        if pre := PRE.match(source, start):
            language = {"language": pre["language"]} if pre["language"] else {}
            details, closer, position = {"type": "pre"} | language, "```", pre.end()
        end = source.find(closer, position)
        if end < 0:
            place = utf8_length(source[:start])
            raise unparsable(f"Can't find end of the entity starting at byte offset {place}")
        offset, text = out.length, source[position:end]
        out.put(text)
        position = end + len(closer)
        if sign == "[" and text:
            url = OLD_URL.match(source, position)
            details = link(url["url"] if url else text)
            position = url.end() if url else position
        out.mark(offset, details)
    out.put(source[position:])
    return out
