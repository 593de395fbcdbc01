"""Rich messages: https://core.telegram.org/bots/api#inputrichmessage.

Of HTML and Markdown the words are kept, a paragraph for each line; blocks are kept as they are, but
those with files are not modelled.
"""

from __future__ import annotations

from sandbox.entities import parse
from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world.events import Json

MARKUP = {"html": "HTML", "markdown": "Markdown"}
FILES = ("animation", "audio", "collage", "document", "photo", "slideshow", "video", "voice_note")
"""Types of blocks that hold files."""


def rich_message(_: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendrichmessage. Raises ApiError 400."""
    given = values["rich_message"]
    if "media" in given or any(one["type"] in FILES for one in given.get("blocks", [])):
        raise bad_request("the sandbox does not model files in rich messages: leave them out here")
    blocks = given.get("blocks", [])
    for name, mode in MARKUP.items():
        if name in given:
            lines = parse(given[name], mode)[0].splitlines()
            blocks = [{"type": "paragraph", "text": one} for one in lines if one.strip()]
    if not blocks:
        raise bad_request("message text is empty")
    rtl = {"is_rtl": True} if given.get("is_rtl") else {}
    return {"rich_message": {"blocks": blocks, **rtl}}
