"""Formatting: `parse_mode=HTML` turned into text and entities.

https://core.telegram.org/bots/api#html-style. Markdown is not parsed: its text stays as it came.
"""

from __future__ import annotations

import re

from sandbox.chats import Json
from sandbox.errors import ApiError, bad_request

TOKEN = re.compile(
    r"<(?P<end>/?)(?P<tag>[A-Za-z0-9-]*)(?P<attributes>[^>]*)>"
    r"|(?P<open><)"
    r"|&(?P<named>lt|gt|amp|quot);|&#(?P<decimal>\d+);|&#x(?P<hexadecimal>[0-9A-Fa-f]+);"
)
ATTRIBUTE = re.compile(
    r"""([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""", re.IGNORECASE
)
CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Text and entities of a message in HTML. Raises ApiError 400 where Telegram does."""
    parts: list[str] = []
    offset = position = 0
    entities: list[Json] = []
    opened: list[tuple[str, Json]] = []

    def put(text: str) -> int:
        parts.append(text)
        return utf16_length(text)

    for token in TOKEN.finditer(source):
        offset += put(source[position : token.start()])
        position = token.end()
        at = f"at byte offset {len(source[: token.start()].encode())}"
        tag = (token["tag"] or "").lower()
        if token["open"]:
            raise unparsable(f"Unclosed start tag {at}")
        if token["tag"] is None:
            offset += put(character(token))
        elif token["end"]:
            if not opened:
                raise unparsable(f"Unexpected end tag {at}")
            expected, entity = opened.pop()
            if tag not in ("", expected):
                raise unparsable(
                    f'Unmatched end tag {at}, expected "</{expected}>", found "</{tag}>"'
                )
            entity["length"] = offset - entity["offset"]
        elif tag not in KINDS:
            raise unparsable(f'Unsupported start tag "{tag}" {at}')
        else:
            entity = {"type": KINDS[tag], "offset": offset, "length": 0}
            entity.update(details(tag, token["attributes"]))
            entities.append(entity)
            opened.append((tag, entity))
    put(source[position:])
    if opened:
        raise unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return "".join(parts), [entity for entity in entities if entity["length"]]


def details(tag: str, attributes: str) -> Json:
    """What the attributes of a tag add to its entity."""
    values = {
        match[1].lower(): match[2] or match[3] or match[4] or ""
        for match in ATTRIBUTE.finditer(attributes)
    }
    if tag == "a":
        return {"url": values.get("href", "")}
    if tag == "tg-emoji":
        return {"custom_emoji_id": values.get("emoji-id", "")}
    if tag == "code" and values.get("class", "").startswith("language-"):
        return {"language": values["class"].removeprefix("language-")}
    if tag == "blockquote" and "expandable" in values:
        return {"type": "expandable_blockquote"}
    return {}


def character(token: re.Match[str]) -> str:
    """The character that a reference such as `&lt;` stands for."""
    if token["named"]:
        return CHARACTERS[token["named"]]
    code = int(token["decimal"]) if token["decimal"] else int(token["hexadecimal"], 16)
    is_character = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character else token[0]


def unparsable(text: str) -> ApiError:
    return bad_request(f"can't parse entities: {text}")


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, which is how Telegram counts.

    https://core.telegram.org/bots/api#messageentity
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
