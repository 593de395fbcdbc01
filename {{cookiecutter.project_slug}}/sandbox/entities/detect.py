"""The entities that Telegram finds in a text by itself.

https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sandbox.entities.nesting import QUOTES, STYLES, nest, overlaps
from sandbox.entities.text import Json, utf16_length

CLASSES = {
    "TAG": r"[\w\u00b7\u200c\u0d80-\u0dff]",
    "HOST": r"[^\x00-,/:-@\[-^`{-}\x7f-\xbf\u1680\u2000-\u200b\u200e\u200f\u2016-\u206f\u3000]",
    "PATH": r'[^\s<>"«»\u200b\u200e\u200f\u2016-\u206f]',
}
"""What is in a hashtag, in the host of a URL and behind it, in any script."""


def compiled(pattern: str) -> re.Pattern[str]:
    for name, signs in CLASSES.items():
        pattern = pattern.replace(name, signs)
    return re.compile(pattern)


FINDERS = [
    ("@", "mention", compiled(r"(?<!\w)@(?a:\w{4,32}|(?i:gif|nft|pic|ufc|vid))(?!\w)")),
    (
        "@",
        "email",
        compiled(
            r"(?<![\w.+@/#-])(?a:(?:[\w-]{0,26}[.+]){0,10}[\w-]{1,35}"
            r"@(?:[^\W_](?:[\w-]{0,28}[^\W_])?\.){1,6})[A-Za-z]{2,8}(?![\w@/-]|\.\w)"
        ),
    ),
    (
        "/",
        "bot_command",
        compiled(r"(?<![\w/<>])/(?a:\w{1,64}(?:@\w{3,32}|(?!@)))(?![\w/<>])"),
    ),
    (
        "#",
        "hashtag",
        compiled(r"(?<!TAG)#(?=TAG*[^\W\d_])TAG{1,256}(?a:@\w{3,32})?(?!TAG*#)"),
    ),
    (
        "$",
        "cashtag",
        compiled(r"(?<!TAG)(?<!\$)\$(?:1INCH|[A-Z]{1,8})(?a:@\w{3,32})?(?!TAG|\$)"),
    ),
    ("+", "phone_number", compiled(r"(?<![\w+])\+[1-9](?:[ -]?\(?[0-9]\)?){7,14}(?!\w)")),
]
"""A sign without which there is none, the type of entity, and what it looks like."""
FULL_URL = compiled(
    r"""(?i:(?<!s)https?|(?<![st])ftp|tonsite)://(?:[^\s/\[\]{}()'`<>"@«»]+@)?(?P<host>HOST+)"""
)
APP_URL = compiled(r"(?i:tg|ton)://(?P<host>[A-Za-z0-9_-]+)")
BARE_URL = compiled(r"(?<!HOST)(?<![/#@])(?P<host>HOST++)(?!@)")
URL_REST = compiled(r"(?P<port>:[0-9]{1,5}(?![0-9]))?(?P<path>/PATH*|[?#]PATH+)?")
IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.|\Z)){4}")
# All of countries, the common ones of the rest. Some are the endings of files too: Telegram makes
# links of main.py and notes.zip.
TLDS = frozenset(Path(__file__).with_name("tlds.txt").read_text("utf-8").split())


def detect(text: str, entities: list[Json]) -> list[Json]:
    """The entities of a text and those found where no code, link or the like is in the way."""
    spans = [
        (*match.span(), kind)
        for sign, kind, pattern in FINDERS
        if sign in text
        for match in pattern.finditer(text)
    ]
    if "." in text or "://" in text:
        spans += [(*span, "url") for span in urls(text)]
    found = [
        {
            "type": kind,
            "offset": utf16_length(text[:start]),
            "length": utf16_length(text[start:stop]),
        }
        for start, stop, kind in spans
    ]
    taken = [one for one in entities if one["type"] not in (*QUOTES, *STYLES)]
    return nest([*entities, *(one for one in found if not overlaps(one, taken))])


def urls(text: str) -> Iterator[tuple[int, int]]:
    """Where URLs begin and end. What is in one already found is not looked at again."""
    for pattern in (FULL_URL, APP_URL, BARE_URL):
        reached = 0
        for match in pattern.finditer(text):
            host = match["host"].rstrip(".")
            is_valid = pattern is APP_URL or is_host(host, bare=pattern is BARE_URL)
            if match.start() >= reached and is_valid:
                reached = url_end(text, match.start("host") + len(host))
                yield match.start(), reached


def is_host(host: str, *, bare: bool) -> bool:
    """Whether the host of a URL can be one; a bare one only under a common top-level domain."""
    labels = host.split(".")
    if len(labels) < 2 or not all(0 < len(one) < 64 and one[-1] != "-" for one in labels):
        return False
    if IPV4.fullmatch(host):
        return True
    if "_" in labels[-2] or host.replace(".", "").isdigit():
        return False
    tld = labels[-1]
    if tld.startswith("xn--"):
        return len(tld) > 5 and tld[4:].isalnum()
    if bare:
        return tld in TLDS or (tld.isupper() and tld.lower() in TLDS)
    return len(tld) > 1 and "_" not in tld and "-" not in tld


def url_end(text: str, host_end: int) -> int:
    """Where a URL ends: before a bracket that it did not open, and before punctuation."""
    rest = URL_REST.match(text, host_end)
    if not rest or not rest["path"]:
        return rest.end() if rest else host_end
    path, start = rest["path"], rest.start("path")
    for index, sign in enumerate(path):
        opening = {")": "(", "]": "[", "}": "{"}.get(sign)
        if opening and path.count(sign, 0, index + 1) > path.count(opening, 0, index):
            path = path[:index]
            break
    return start + len(path.rstrip(".:;,('?!`"))
