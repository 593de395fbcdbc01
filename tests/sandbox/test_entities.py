"""Formatting: what markup becomes, which errors broken markup gets, what is found in a text."""

from typing import Any

import pytest
from aiogram.types import MessageEntity, User
from aiogram.utils.text_decorations import html_decoration, markdown_decoration
from hypothesis import given
from hypothesis import strategies as st

from sandbox.entities import detect, parse, trim, utf16_length
from sandbox.errors import ApiError

Json = dict[str, Any]
LINK = {"url": "https://x.org/"}
USER = {"user": {"id": 42}}
EMOJI = {"custom_emoji_id": "5368324170671202286"}


def entity(kind: str, offset: int, length: int, **details: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length, **details}


HTML = [
    ("no markup, 1 & 2; .!*_", "no markup, 1 & 2; .!*_", []),
    ("<b>a</b><strong>b</strong>", "ab", [entity("bold", 0, 1), entity("bold", 1, 1)]),
    ("<i>a</i><em>b</em>", "ab", [entity("italic", 0, 1), entity("italic", 1, 1)]),
    ("<u>a</u><ins>b</ins>", "ab", [entity("underline", 0, 1), entity("underline", 1, 1)]),
    (
        "<s>a</s><strike>b</strike><del>c</del>",
        "abc",
        [entity("strikethrough", place, 1) for place in range(3)],
    ),
    (
        "<tg-spoiler>a</tg-spoiler><span class='tg-spoiler'>b</span>",
        "ab",
        [entity("spoiler", 0, 1), entity("spoiler", 1, 1)],
    ),
    ("<code>a&lt;b</code>", "a<b", [entity("code", 0, 3)]),
    ("<code class='language-c'>a</code>", "a", [entity("code", 0, 1)]),
    ("<pre>a\nb</pre>", "a\nb", [entity("pre", 0, 3)]),
    (
        '<pre><code class="language-python">a</code></pre>',
        "a",
        [entity("pre", 0, 1, language="python")],
    ),
    (
        '<pre><code class="language-c">a</code>b</pre>',
        "ab",
        [entity("pre", 0, 2), entity("code", 0, 1)],
    ),
    ("<blockquote>a</blockquote>", "a", [entity("blockquote", 0, 1)]),
    ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
    ('<a href="https://x.org/">a</a>', "a", [entity("text_link", 0, 1, **LINK)]),
    (
        "<a href='HTTPS://X.org:8080/A?b&amp;c'>a</a>",
        "a",
        [
            entity("text_link", 0, 1, url="https://x.org:8080/A?b&c"),
        ],
    ),
    ("<a href=x.org>a</a>", "a", [entity("text_link", 0, 1, url="http://x.org/")]),
    ("<a>x.org</a>", "x.org", [entity("text_link", 0, 5, url="http://x.org/")]),
    ('<a href="tg://user?id=42">a</a>', "a", [entity("text_mention", 0, 1, **USER)]),
    (
        '<a href="tg://resolve?domain=B">a</a>',
        "a",
        [
            entity("text_link", 0, 1, url="tg://resolve?domain=B"),
        ],
    ),
    ('<a href="tg://user?id=-1">a</a>', "a", [entity("text_link", 0, 1, url="tg://user?id=-1")]),
    ('<a href="nothing">a</a>', "a", []),
    ('<a href="javascript:alert(1)">a</a>', "a", []),
    (
        '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>',
        "👍",
        [entity("custom_emoji", 0, 2, **EMOJI)],
    ),
    (
        '<tg-time unix="1700000000" format="tWD">a</tg-time>',
        "a",
        [entity("date_time", 0, 1, unix_time=1700000000, date_time_format="wDt")],
    ),
    ("😀<b>😀</b>é", "😀😀é", [entity("bold", 2, 2)]),
    ("<b>a<i>b</i></b>", "ab", [entity("bold", 0, 2), entity("italic", 1, 1)]),
    ("<i><b>a</b></i>", "a", [entity("bold", 0, 1), entity("italic", 0, 1)]),
    ("<B >a</b\n>", "a", [entity("bold", 0, 1)]),
    ("<b>a</>", "a", [entity("bold", 0, 1)]),
    ("<b></b>a", "a", []),
    ("&lt&#65;&#x1F600;&quot;&copy;&#0;&", '<A😀"&copy;&#0;&', []),
]
MARKDOWN_V2 = [
    ("no markup", "no markup", []),
    (r"1\.5 \- \\ \a", r"1.5 - \ a", []),
    ("*a*", "a", [entity("bold", 0, 1)]),
    ("_a_", "a", [entity("italic", 0, 1)]),
    ("__a__", "a", [entity("underline", 0, 1)]),
    ("~a~", "a", [entity("strikethrough", 0, 1)]),
    ("||a||", "a", [entity("spoiler", 0, 1)]),
    (r"`a*b\``", "a*b`", [entity("code", 0, 4)]),
    ("```\na\n```", "a\n", [entity("pre", 0, 2)]),
    ("```python\na```", "a", [entity("pre", 0, 1, language="python")]),
    ("```a```", "a", [entity("pre", 0, 1)]),
    ("[a](https://x.org/)", "a", [entity("text_link", 0, 1, **LINK)]),
    (r"[a](https://x.org/\))", "a", [entity("text_link", 0, 1, url="https://x.org/)")]),
    (r"[x\.org] a", "x.org a", [entity("text_link", 0, 5, url="http://x.org/")]),
    ("[a](tg://user?id=42)", "a", [entity("text_mention", 0, 1, **USER)]),
    ("![👍](tg://emoji?id=5368324170671202286)", "👍", [entity("custom_emoji", 0, 2, **EMOJI)]),
    (
        "![a](tg://time?unix=1700000000&format=r)",
        "a",
        [entity("date_time", 0, 1, unix_time=1700000000, date_time_format="r")],
    ),
    (">a\n>b\nc", "a\nb\nc", [entity("blockquote", 0, 4)]),
    (">a\n**>b||", "a\nb", [entity("blockquote", 0, 2), entity("expandable_blockquote", 2, 1)]),
    (">||a||||\nb", "a\nb", [entity("expandable_blockquote", 0, 2), entity("spoiler", 0, 1)]),
    ("a\n>*b*", "a\nb", [entity("blockquote", 2, 1), entity("bold", 2, 1)]),
    ("😀*😀*", "😀😀", [entity("bold", 2, 2)]),
    ("_a __b___", "a b", [entity("italic", 0, 3), entity("underline", 2, 1)]),
    ("*a _b_*", "a b", [entity("bold", 0, 3), entity("italic", 2, 1)]),
    ("**a", "a", []),
]
MARKDOWN = [
    ("no markup. 1-2!", "no markup. 1-2!", []),
    ("*a*_b_`c`", "abc", [entity("bold", 0, 1), entity("italic", 1, 1), entity("code", 2, 1)]),
    ("```\na```", "a", [entity("pre", 0, 1)]),
    ("```python\na```", "a", [entity("pre", 0, 1, language="python")]),
    ("[a](https://x.org/)", "a", [entity("text_link", 0, 1, **LINK)]),
    ("[a](tg://user?id=42)", "a", [entity("text_mention", 0, 1, **USER)]),
    ("*a_b*", "a_b", [entity("bold", 0, 3)]),
    (r"\*a\_ \b", r"*a_ \b", []),
]
BROKEN_HTML = [
    ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    ("é<b>a</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
    ("<b>a</b", "Unclosed end tag at byte offset 4"),
    ("é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'),
    ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
    ("a<3", "Unclosed start tag at byte offset 1"),
    ("<b x", 'Unclosed start tag "b" at byte offset 0'),
    ('<a href="x', "Unclosed start tag at byte offset 0"),
    ("<b =x>a</b>", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("<a href=http://x.org>a</a>", "Unexpected end of name token at byte offset 8"),
    ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("<tg-emoji>👍</tg-emoji>", "Invalid custom emoji identifier specified"),
    ("<tg-time unix='1' format='x'>a</tg-time>", "Invalid date format used"),
    (
        "&#xD83D;",
        (
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        ),
    ),
]
BROKEN_MARKDOWN_V2 = [
    *[
        (f"a{sign}", f"Character '{sign}' is reserved and must be escaped with the preceding '\\'")
        for sign in "](){}#+-=.!>|"
    ],
    ("é *a", "Can't find end of Bold entity at byte offset 3"),
    ("_a", "Can't find end of Italic entity at byte offset 0"),
    ("__a", "Can't find end of Underline entity at byte offset 0"),
    ("~a", "Can't find end of Strikethrough entity at byte offset 0"),
    ("||a", "Can't find end of Spoiler entity at byte offset 0"),
    ("`a", "Can't find end of Code entity at byte offset 0"),
    ("```a", "Can't find end of Pre entity at byte offset 0"),
    ("```c\na", "Can't find end of PreCode entity at byte offset 0"),
    ("[a", "Can't find end of TextUrl entity at byte offset 0"),
    ("[a](b", "Can't find end of a URL at byte offset 4"),
    (">*a\nb*", "Can't find end of Bold entity at byte offset 1"),
    ("*a _b* c_", "Can't find end of Italic entity at byte offset 8"),
    ("![a", "Can't find end of CustomEmoji entity at byte offset 0"),
    ("![a]", "The entity must contain a tg://emoji or tg://time URL"),
    ("![a](tg://emoji?emoji_id=5)", "Invalid tg://emoji or tg://time URL specified"),
]
BROKEN_MARKDOWN = [
    (f"é {sign}a", "Can't find end of the entity starting at byte offset 3")
    for sign in ("*", "_", "`", "```", "[")
]


@pytest.mark.parametrize(
    ("mode", "source", "text", "entities"),
    [
        *[("HTML", *case) for case in HTML],
        *[("MarkdownV2", *case) for case in MARKDOWN_V2],
        *[("Markdown", *case) for case in MARKDOWN],
    ],
)
def test_markup(mode: str, source: str, text: str, entities: list[Json]) -> None:
    for written in (mode, mode.lower(), mode.upper()):
        assert parse(source, written) == (text, entities)


@pytest.mark.parametrize(
    ("mode", "source", "error"),
    [
        *[("HTML", *case) for case in BROKEN_HTML],
        *[("MarkdownV2", *case) for case in BROKEN_MARKDOWN_V2],
        *[("Markdown", *case) for case in BROKEN_MARKDOWN],
    ],
)
def test_broken_markup(mode: str, source: str, error: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse(source, mode)
    assert caught.value.code == 400
    assert caught.value.description == f"Bad Request: can't parse entities: {error}"


def test_modes() -> None:
    assert parse("<b>", "") == ("<b>", [])
    assert parse("<b>", "None") == ("<b>", [])
    assert parse("", "RST") == ("", [])
    with pytest.raises(ApiError, match="Bad Request: unsupported parse_mode"):
        parse("<b>", "RST")


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


STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
BLOCKS = ("code", "text_link", "text_mention", "custom_emoji", "date_time", "blockquote")
DETAILS: dict[str, Json] = {
    "text_link": LINK,
    "text_mention": USER,
    "custom_emoji": EMOJI,
    "date_time": {"unix_time": 1700000000, "date_time_format": "wDT"},
}
PIECES = st.text(st.sampled_from("ab \n😀é&<>\"'/.*_~|`[](){}#+-=!\\"), min_size=1, max_size=6)


@st.composite
def formatted(draw: st.DrawFn) -> tuple[str, list[Json]]:
    """A text with entities in entities; none in one of its own type, no block in a block."""
    text = ""
    entities: list[Json] = []

    def grow(kinds: set[str], depth: int) -> None:
        nonlocal text
        for _ in range(draw(st.integers(1, 3))):
            kind = draw(st.sampled_from(["", *sorted(kinds)])) if depth else ""
            if not kind:
                text += draw(PIECES)
                continue
            offset, place = utf16_length(text), len(entities)
            rest = (
                set() if kind == "code" else kinds - {kind} - set(BLOCKS if kind in BLOCKS else ())
            )
            grow(rest, depth - 1)
            length = utf16_length(text) - offset
            entities.insert(place, entity(kind, offset, length, **DETAILS.get(kind, {})))

    grow({*STYLES, *BLOCKS}, 3)
    return text, entities


def as_aiogram(entities: list[Json]) -> list[MessageEntity]:
    user = User(id=42, is_bot=False, first_name="Ann")
    return [MessageEntity(**(one | {"user": user} if "user" in one else one)) for one in entities]


@given(formatted())
def test_html_of_aiogram(message: tuple[str, list[Json]]) -> None:
    text, entities = message
    source = html_decoration.unparse(text, as_aiogram(entities))
    assert trim(*parse(source, "HTML")) == trim(text, entities)


@given(formatted())
def test_markdown_of_aiogram(message: tuple[str, list[Json]]) -> None:
    text, entities = message
    # What aiogram writes for a quote means one only if it is all of its lines.
    entities = [one for one in entities if one["type"] != "blockquote"]
    source = markdown_decoration.unparse(text, as_aiogram(entities))
    # aiogram's name for the parameter is one that Telegram refuses.
    source = source.replace("tg://emoji?emoji_id=", "tg://emoji?id=")
    assert trim(*parse(source, "MarkdownV2")) == trim(text, entities)


MARKUP = st.lists(
    st.one_of(
        st.text(max_size=3),
        st.sampled_from(["*", "_", "__", "~", "||", "`", "```", "[", "](", ")", "![", "\n>", "\\"]),
        st.sampled_from(["<b>", "</b>", "<a href=", "<", ">", '"', "'", "&#", ";", "<pre>", "</>"]),
        st.sampled_from(["tg://user?id=", "tg://emoji?id=5", "x.org:99999", "9" * 5000, "=", "/"]),
    )
).map("".join)


@given(MARKUP, st.sampled_from(["HTML", "MarkdownV2", "Markdown"]))
def test_any_text_is_parsed_or_refused(source: str, mode: str) -> None:
    try:
        text, entities = parse(source, mode)
    except ApiError as error:
        refused = error.description
        assert refused.startswith("Bad Request: can't parse entities: ")
        return
    text, entities = trim(text, entities)
    entities = detect(text, entities)
    size = utf16_length(text)
    assert all(one["offset"] >= 0 < one["length"] for one in entities)
    assert all(one["offset"] + one["length"] <= size for one in entities)
    assert trim(text, entities)[0] == text


@given(st.text())
def test_plain_text_is_left_alone(text: str) -> None:
    assert parse(text, "") == (text, [])
    escaped = html_decoration.quote(text)
    assert parse(escaped, "HTML") == (text, [])
    assert parse(markdown_decoration.quote(text), "MarkdownV2") == (text, [])
