"""Whatever is written as markup: what aiogram makes comes out as it was, all else is refused."""

from aiogram.types import MessageEntity, User
from aiogram.utils.text_decorations import html_decoration, markdown_decoration
from hypothesis import given
from hypothesis import strategies as st

from sandbox.entities import detect, parse, trim, utf16_length
from sandbox.errors import ApiError
from tests.sandbox.formats import EMOJI, LINK, USER, Json, entity

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
