"""Formatting without markup: what is found in a text, cut from it, and refused."""

import pytest
from aiogram.types import MessageEntity

from sandbox.entities import detect, trim, utf16_length
from sandbox.errors import ApiError
from tests.sandbox.formats import LINK, Json, entity


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing to find, is there", []),
        ("/start now", [("bot_command", "/start")]),
        ("(/help@my_bot)", [("bot_command", "/help@my_bot")]),
        ("a/b 1/2 /a/ </x> /a@b", []),
        ("@durov, @gif", [("mention", "@durov"), ("mention", "@gif")]),
        ("@abc a@bcde @", []),
        ("#tag #день_1! #1", [("hashtag", "#tag"), ("hashtag", "#день_1")]),
        ("#a@channel a#b #c#", [("hashtag", "#a@channel")]),
        ("$USD $1INCH", [("cashtag", "$USD"), ("cashtag", "$1INCH")]),
        ("$usd 100$ $ABCDEFGHI", []),
        ("a.b+c@x.org!", [("email", "a.b+c@x.org")]),
        ("mailto:a@x.org", [("email", "a@x.org")]),
        ("call +1-212-555-0123", [("phone_number", "+1-212-555-0123")]),
        ("1+1 +12", []),
        ("See example.org.", [("url", "example.org")]),
        ("😀 EXAMPLE.ORG/a, (x.org/b(c))", [("url", "EXAMPLE.ORG/a"), ("url", "x.org/b(c)")]),
        ("run main.py", [("url", "main.py")]),
        ("node.js e.g. 3.14 v1.2 End.The", []),
        ("https://x.local/a?b=@c#d!", [("url", "https://x.local/a?b=@c#d")]),
        ("看https://x.org", [("url", "https://x.org")]),
        ("ftp://u:p@x.org:21/", [("url", "ftp://u:p@x.org:21/")]),
        ("http://localhost:80 sftp://x.org http://-a-.org", []),
        ("127.0.0.1:8080/a 127.0.0.300", [("url", "127.0.0.1:8080/a")]),
        ("почта.рф", [("url", "почта.рф")]),
        ("tg://resolve?domain=a.", [("url", "tg://resolve?domain=a")]),
        ("http://a_b.org ann.me@localhost", []),
        ("https://x.org/@durov?a=b.com", [("url", "https://x.org/@durov?a=b.com")]),
        ("http://xn--e1aybc.xn--p1ai", [("url", "http://xn--e1aybc.xn--p1ai")]),
    ],
)
def test_detect(text: str, found: list[tuple[str, str]]) -> None:
    entities = detect(text, [])
    assert [(one["type"], MessageEntity(**one).extract_from(text)) for one in entities] == found


@pytest.mark.parametrize(
    ("block", "kinds"),
    [
        (entity("code", 0, 3), ["code"]),
        (entity("pre", 5, 3), ["pre"]),
        (entity("text_link", 0, 9, **LINK), ["text_link"]),
        (entity("code", 0, 2), ["code", "bot_command"]),
        (entity("italic", 2, 6), ["bot_command", "italic"]),
        (entity("blockquote", 0, 9), ["blockquote", "bot_command"]),
        (entity("blockquote", 0, 4), ["blockquote"]),
    ],
)
def test_what_is_in_the_way(block: Json, kinds: list[str]) -> None:
    assert [one["type"] for one in detect("a /start b", [block])] == kinds


def test_detect_cuts_styles() -> None:
    assert detect("a @durov", [entity("bold", 0, 8)]) == [
        entity("bold", 0, 2),
        entity("mention", 2, 6),
        entity("bold", 2, 6),
    ]


@pytest.mark.parametrize(
    ("text", "entities", "trimmed", "left"),
    [
        ("a", [], "a", []),
        (" \na b\n ", [], "a b", []),
        (" \n\u200b\t", [entity("bold", 0, 1)], "", []),
        ("a\tb\r\nc\u202e\x00", [], "a b\nc", []),
        ("😀\r😀 ", [entity("bold", 0, 6)], "😀😀", [entity("bold", 0, 4)]),
        ("  a  ", [entity("bold", 2, 3), entity("code", 4, 1)], "a", [entity("bold", 0, 1)]),
        ("  a", [entity("bold", 1, 2)], " a", [entity("bold", 0, 2)]),
        ("ab", [entity("bold", 1, 1), entity("bold", 0, 1)], "ab", [entity("bold", 0, 2)]),
        ("abc", [entity("bold", 0, 3), entity("bold", 1, 1)], "abc", [entity("bold", 0, 3)]),
        ("a", [entity("bold", 0, 0), entity("mention", 0, 1)], "a", []),
        # Styles are not in code, and are cut where something begins in them.
        (
            "abc",
            [entity("bold", 0, 3), entity("code", 1, 1)],
            "abc",
            [
                entity("bold", 0, 1),
                entity("code", 1, 1),
                entity("bold", 2, 1),
            ],
        ),
        (
            "abc",
            [entity("bold", 0, 3), entity("italic", 1, 1)],
            "abc",
            [
                entity("bold", 0, 1),
                entity("bold", 1, 2),
                entity("italic", 1, 1),
            ],
        ),
        (
            "abc",
            [entity("bold", 0, 2), entity("italic", 1, 2)],
            "abc",
            [
                entity("bold", 0, 1),
                entity("italic", 1, 2),
                entity("bold", 1, 1),
            ],
        ),
        (
            "ab",
            [entity("date_time", 1, 1, unix_time=1, date_time_format=""), entity("bold", 0, 2)],
            "ab",
            [entity("bold", 0, 1), entity("date_time", 1, 1, unix_time=1, date_time_format="")],
        ),
        # Of two links or two quotes in each other the first stays.
        (
            "ab",
            [entity("text_link", 0, 2, **LINK), entity("code", 1, 1)],
            "ab",
            [
                entity("text_link", 0, 2, **LINK),
            ],
        ),
        (
            "ab",
            [entity("blockquote", 0, 2), entity("expandable_blockquote", 1, 1)],
            "ab",
            [
                entity("blockquote", 0, 2),
            ],
        ),
        (
            "abc",
            [entity("pre", 0, 2), entity("blockquote", 1, 2)],
            "abc",
            [
                entity("blockquote", 1, 2),
            ],
        ),
    ],
)
def test_trim(text: str, entities: list[Json], trimmed: str, left: list[Json]) -> None:
    assert trim(text, entities) == (trimmed, left)


@pytest.mark.parametrize(
    ("one", "error"),
    [
        (entity("bold", 4, 1), "entity begins after the end of the text at UTF-16 offset 4"),
        (
            entity("bold", 0, 4),
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 4",
        ),
        (entity("bold", 1, 2), "entity begins in a middle of a UTF-16 symbol at byte offset 4"),
        (
            entity("bold", 0, 1),
            (
                "entity beginning at UTF-16 offset 0 ends "
                "in a middle of a UTF-16 symbol at byte offset 4"
            ),
        ),
        (entity("bold", -1, 1), "receive an entity with incorrect offset -1"),
        (entity("bold", 1, -1), "receive an entity with incorrect length -1"),
        (entity("big", 0, 2), "can't parse MessageEntity: Unsupported type specified"),
    ],
)
def test_wrong_entities(one: Json, error: str) -> None:
    with pytest.raises(ApiError) as caught:
        trim("😀!", [one])
    assert caught.value.description == f"Bad Request: {error}"


def test_utf16_length() -> None:
    assert [utf16_length(text) for text in ("", "ab", "é", "😀a", "\ud83d")] == [0, 2, 1, 3, 1]
