"""Dead letters, also such as another version wrote, and how what they hold is cut."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from fleet.inbox.letters import DeadLetter, shorten

WHOLE = {
    b"conversation": b"1000001:-100:7",
    b"update": b'{"update_id":1}',
    b"error": b"ValueError: no",
    b"traceback": b"Traceback ...",
    b"died": b"2",
}


@pytest.mark.parametrize("key", ["1700000000000-0", "12-1700000000000-3"])
def test_an_entry_is_read_whatever_stream_it_is_from(key: str) -> None:
    letter = DeadLetter.read(key, WHOLE | {b"of a newer version": b"\xff"})
    assert letter == DeadLetter(
        id=key,
        bot_id=1000001,
        conversation="1000001:-100:7",
        update={"update_id": 1},
        error="ValueError: no",
        traceback="Traceback ...",
        died=2,
        failed_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        ({b"conversation": b"\xff"}, {"bot_id": 0, "conversation": "\ufffd"}),
        ({b"conversation": None}, {"bot_id": 0, "conversation": ""}),
        ({b"error": None, b"traceback": b"\xff"}, {"error": "", "traceback": "\ufffd"}),
        ({b"died": b"often"}, {"died": 0}),
        *(
            ({b"update": update}, {"update": {}, "error": "ValueError: no (what is stored of"})
            for update in (None, b"", b"{", b"[]", b"\xff")
        ),
    ],
)
def test_what_is_damaged_is_left_empty(
    damage: dict[bytes, bytes | None], left: dict[str, Any]
) -> None:
    fields = {name: text for name, text in (WHOLE | damage).items() if text is not None}
    letter = orjson.loads(orjson.dumps(DeadLetter.read("1700000000000-0", fields)))
    whole = orjson.loads(orjson.dumps(DeadLetter.read("1700000000000-0", WHOLE)))
    for name, value in (whole | left).items():
        assert letter[name] == value or (name == "error" and letter[name].startswith(value))


def test_an_id_that_tells_no_time_is_of_none() -> None:
    for key in ("", "x", f"{2**64 - 1}-0", "9" * 5000 + "-0"):
        assert DeadLetter.read(key, WHOLE).failed_at == datetime.fromtimestamp(0, UTC)


@pytest.mark.parametrize("text", ["", "short", "é" * 50, "x" * 100])
def test_what_is_short_enough_stays(text: str) -> None:
    assert shorten(text, 100) == text


@pytest.mark.parametrize("filling", ["x", "é", "€", "🎂"])
@pytest.mark.parametrize("limit", [100, 101, 102, 103, 1024])
def test_a_long_text_keeps_its_beginning_and_its_end(filling: str, limit: int) -> None:
    text = f"Traceback{filling * 5000}ValueError"
    cut = shorten(text, limit)
    assert cut.startswith("Traceback")
    assert cut.endswith("ValueError")
    assert f"of {len(text.encode()):,} bytes only" in cut
    assert limit - 10 < len(cut.encode()) <= limit, "whole characters"


def test_what_utf_8_cannot_hold_is_written_with_backslashes() -> None:
    assert shorten("no file \udcff", 100) == r"no file \udcff"
    assert len(shorten("\udcff" * 1000, 100).encode()) <= 100
