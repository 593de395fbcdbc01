"""JSON as Telegram may send it, with what others wrote in it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.intake.damage import HIGHEST_ID, is_update
from fleet.lenient import DEEPEST, dumps, loads


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def depth(value: Any) -> int:
    levels = 0
    while value:
        levels, (value,) = levels + 1, value
    return levels


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b'"caf\xe9"', "caf\ufffd"),
        (b'"\xed\xa0\xbd"', "\ufffd" * 3),
        (r'"\ud83d"', "\ufffd"),
        (r'"\uDE00\uD83D!"', "\ufffd\ufffd!"),
        (r'["\ud83d", "\ud83d\ude00", "\ud83d"]', ["\ufffd", "\U0001f600", "\ufffd"]),
        (r'"\\ud83d\\\ud83d"', "\\ud83d\\\ufffd"),
        ('"\x00\n"', "\x00\n"),
        ("[NaN, -Infinity, 1e999]", [None, None, None]),
        ("9" * 5_000, None),
        ("[NaN, 18446744073709551615]", [None, 2.0**64]),
        ("[NaN, -9223372036854775808, 1.5]", [None, -(2.0**63), 1.5]),
        (r'{"\ud83d": NaN, "[": "]\"{"}', {"\ufffd": None, "[": ']"{'}),
    ],
)
def test_what_is_damaged_is_mended(text: str | bytes, read: Any) -> None:
    assert loads(text) == read
    assert loads(dumps({"it": read})) == {"it": read}


@pytest.mark.parametrize("levels", [1_000, 1_100, 100_000])
def test_what_is_nested_too_deep_is_cut(levels: int) -> None:
    text = '{"update_id": 1, "a": ' + nested(levels) + ', "b": "[{"}'
    stored = orjson.loads(dumps(loads(text)))
    assert (stored["update_id"], stored["b"]) == (1, "[{")
    assert DEEPEST - 2 <= depth(stored["a"]) <= DEEPEST


@pytest.mark.parametrize("levels", range(DEEPEST, 260))
def test_what_is_stored_can_be_printed(levels: int) -> None:
    stored = orjson.loads(dumps({"a": loads(nested(levels))}))
    orjson.dumps([{"update": stored}], option=orjson.OPT_INDENT_2)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"\xff\xfe", '"\\', '{"a": \ud83d}', "[" * 100_000, nested(500)[:-1],
        '"' + r"\"" * 500_000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_told(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="column"):
        loads(text)


@given(st.binary())
def test_any_bytes_in_a_text_can_be_read_and_stored(content: bytes) -> None:
    content = content.replace(b"\\", b"").replace(b'"', b"")
    read = loads(b'{"text": "' + content + b'"}')
    assert read["text"] == content.decode(errors="replace")
    assert orjson.loads(dumps(read)) == read


@given(st.text(st.characters(exclude_categories=())))
def test_any_characters_as_escapes_can_be_read_and_stored(content: str) -> None:
    units = content.encode("utf-16-be", errors="surrogatepass")
    escapes = [f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)]
    read = loads('{"text": "' + "".join(escapes) + '"}')
    assert read["text"] == units.decode("utf-16-be", errors="replace")
    assert orjson.loads(dumps(read)) == read


@pytest.mark.parametrize("update_id", [0, 7, HIGHEST_ID])
def test_an_update_has_an_id(update_id: int) -> None:
    assert is_update({"update_id": update_id})


@pytest.mark.parametrize("update_id", ["7", None, -1, 1.5, True, HIGHEST_ID + 1, 1e30, [7]])
def test_what_has_no_id_is_no_update(update_id: Any) -> None:
    assert not is_update({"update_id": update_id})
    assert not is_update([update_id])
    assert not is_update({"message": {}})
    assert not is_update(update_id)
