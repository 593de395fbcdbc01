"""What markup becomes, and which errors broken markup gets."""

import pytest

from sandbox.entities import parse
from sandbox.errors import ApiError
from tests.sandbox.formats import EMOJI, LINK, USER, Json, entity

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
