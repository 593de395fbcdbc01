"""Rich messages: https://core.telegram.org/bots/api#inputrichmessage.

Of HTML the words are kept and of Markdown the lines, a paragraph for each; blocks are kept as they
are, but those with files are not modelled.
"""

from __future__ import annotations

from html.parser import HTMLParser

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world.events import Json

FILES = ("animation", "audio", "collage", "document", "photo", "slideshow", "video", "voice_note")
"""Types of blocks that hold files."""
INLINE = {"a", "b", "code", "del", "em", "i", "ins", "mark", "s", "span", "strike", "strong", "sub"}
INLINE |= {"sup", "tg-emoji", "tg-math", "tg-spoiler", "tg-time", "u"}
"""Tags within a line; all others begin a new one."""


class Words(HTMLParser):
    """The text of a page, its blocks in lines."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - HTMLParser gives it
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self.text += "" if tag in INLINE else "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


def rich_message(_: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendrichmessage. Raises ApiError 400."""
    given = values["rich_message"]
    blocks = given.get("blocks", [])
    if "media" in given or any(one["type"] in FILES for one in blocks):
        raise bad_request("the sandbox does not model files in rich messages: leave them out here")
    if not blocks:
        text = Words(given["html"]).text if "html" in given else given.get("markdown", "")
        lines = [one.strip() for one in text.splitlines() if one.strip()]
        blocks = [{"type": "paragraph", "text": one} for one in lines]
    if not blocks:
        raise bad_request("message text is empty")
    rtl = {"is_rtl": True} if given.get("is_rtl") else {}
    return {"rich_message": {"blocks": blocks, **rtl}}
