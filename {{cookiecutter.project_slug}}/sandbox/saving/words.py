"""Parts of a test's code."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from sandbox.world.events import Json
from sandbox.world.files import Files

SMALLEST_ID = 10**5
"""A smaller number is hardly somebody's id."""
LONG = 48
"""Characters of a text that gets a line of the code for each of its own."""
SMALL = 300
"""Bytes of a file that is written into the test."""
FILES = ("photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker")
ABOUT = {
    *("message_id", "from", "sender_chat", "chat", "date", "edit_date", "text", "entities"),
    *("caption", "caption_entities", "reply_markup", "reply_to_message", "link_preview_options"),
}
"""Fields of a Message that do not tell what it is."""


def literal(value: str) -> str:
    """A text as Python has it."""
    return json.dumps(value, ensure_ascii=False)


def said(value: str, people: Mapping[int, str], *, split: bool = False) -> str:
    """What somebody said; the ids of people in it are those of the test, who are called so. A long
    text may be `split` into its lines."""
    told = literal(value)
    for user_id, name in people.items():
        if str(user_id) in value and user_id > SMALLEST_ID:
            braced = told.replace("{", 2 * "{").replace("}", 2 * "}")
            return "f" + braced.replace(str(user_id), "{" + name + ".id}")
    lines = value.splitlines(keepends=True)
    if split and len(told) > LONG and len(lines) > 1:
        indented = "\n".join(f"        {literal(line)}" for line in lines)
        return f"(\n{indented}\n    )"
    return told


def slug(words: str) -> str:
    """A name for a variable, made of words; empty if nothing is left of them."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_0123456789")[:40]


def references(entries: Iterable[Json]) -> Iterator[int]:
    """The messages that something is done with, by id."""
    for entry in entries:
        if entry["event"] == "deed":
            arguments = entry["arguments"]
            yield arguments.get("message_id") or 0
            yield arguments.get("reply_to") or 0
        elif entry["event"] == "edit":
            yield entry["message"]["message_id"]
        elif entry["event"] == "delete":
            yield entry["message_id"]


def checks(message: Json) -> list[tuple[str, object]]:
    """What of a message can be checked: a name and its value."""
    found: list[tuple[str, object]] = [
        (name, message[name]) for name in ("text", "caption") if name in message
    ]
    things = [kind for kind in (*FILES, *message) if kind in message and kind not in ABOUT]
    if "text" not in message:
        found += [("in", kind) for kind in things[:1]]
    markup = message.get("reply_markup", {})
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    if labels := [button["text"] for row in rows for button in row]:
        found.append(("buttons", labels))
    return found


def label_of(message: Json, data: str) -> str:
    """The label of the button that has this callback data."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    found = (one["text"] for row in rows for one in row if one.get("callback_data") == data)
    return str(next(found, data))


def things(
    arguments: Json, message: Json, files: Files, people: Mapping[int, str]
) -> tuple[list[str], str]:
    """The arguments of `send` that say what is sent, and the name of a file that is too large to be
    in them."""
    given, outside = [], ""
    if arguments.get("text") is not None:
        given.append(said(arguments["text"], people))
    for name, value in (arguments.get("content") or {}).items():
        if name == "contact" and value.get("user_id") == message["from"]["id"]:
            given.append(f"contact={literal(value['phone_number'])}")
            continue
        place = name == "location" and value.keys() == {"latitude", "longitude"}
        given.append(f"{name}={tuple(value.values()) if place else value!r}")
    if about := arguments.get("file"):
        sent = message[about["kind"]]
        file = files.get((sent[-1] if isinstance(sent, list) else sent)["file_id"])
        data = file.data if file else b""
        if len(data) > SMALL:
            outside = PurePath(about["name"]).name
            given.append(f"{about['kind']}=Path(__file__).with_name({literal(outside)})")
        else:
            given.append(f"{about['kind']}={data!r}")
        if about.get("caption"):
            given.append(f"caption={literal(about['caption'])}")
    return given, outside
