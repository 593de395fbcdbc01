"""What somebody sees in a chat: messages, and notices that answer a press."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from aiogram import types

from sandbox.summary import summary
from sandbox.testing.errors import Refused
from sandbox.testing.journal import Wanted, is_event
from sandbox.world.events import Json

if TYPE_CHECKING:
    from sandbox.testing.people import User

TIMEOUT = 5.0
"""Seconds that a test waits for a bot unless it says otherwise."""
SERVICE = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "pinned_message",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
)
"""What a message has that tells what somebody did, and is nothing that was said."""
FILES = ("document", "animation", "video", "video_note", "voice", "audio", "sticker")


@dataclass(frozen=True, repr=False)
class Message:
    """A message as somebody saw it: what happens to it later does not change this object."""

    raw: Json
    """The Message object: https://core.telegram.org/bots/api#message. Beside inline buttons, its
    `reply_markup` may be a reply keyboard."""
    reader: User
    position: int
    """Where the journal has it."""

    def __repr__(self) -> str:
        return f"<message {self.message_id}: {describe(self.raw)}>"

    @property
    def message_id(self) -> int:
        return int(self.raw["message_id"])

    @property
    def chat_id(self) -> int:
        return int(self.raw["chat"]["id"])

    @property
    def text(self) -> str:
        """Empty if it has none."""
        return str(self.raw.get("text", ""))

    @property
    def caption(self) -> str:
        """Empty if it has none."""
        return str(self.raw.get("caption", ""))

    @cached_property
    def parsed(self) -> types.Message:
        """The message as aiogram's type, without a reply keyboard."""
        markup = self.raw.get("reply_markup", {})
        raw = {name: value for name, value in self.raw.items() if name != "reply_markup"}
        if "inline_keyboard" in markup:
            raw["reply_markup"] = markup
        return types.Message.model_validate(raw)

    @property
    def html(self) -> str:
        """Text or caption with its formatting as HTML."""
        return self.parsed.html_text

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons, inline or of the reply keyboard, row after row."""
        return [button["text"] for button in buttons_of(self.raw)]

    @property
    def photo(self) -> types.PhotoSize | None:
        """The largest size of a photo."""
        return self.parsed.photo[-1] if self.parsed.photo else None

    @property
    def document(self) -> types.Document | None:
        return self.parsed.document

    async def download(self) -> bytes:
        """The content of the photo, document, voice … in it."""
        __tracebackhide__ = True
        files = (getattr(self.parsed, kind) for kind in FILES)
        file = self.photo or next((file for file in files if file), None)
        if file is None:
            raise Refused(f"there is no file in this message: {describe(self.raw)}")
        return await self.reader.telegram.client.file(file.file_id)

    async def click(self, label: str) -> None:
        """Press a button: an inline one, or one of the reply keyboard, which sends its label."""
        __tracebackhide__ = True
        await self.reader.click(self, label)

    async def edited(self, *, timeout: float = TIMEOUT) -> Message:
        """The message after its next edit, for which this waits up to `timeout` seconds."""
        __tracebackhide__ = True
        is_edit = is_event("edit", chat=self.reader.key(self.chat_id))
        position = await self._wait(
            lambda event: is_edit(event) and event["message"]["message_id"] == self.message_id,
            timeout,
            "edited",
        )
        raw = self.reader.telegram.journal.events[position]["message"]
        return Message(raw, self.reader, position)

    async def deleted(self, *, timeout: float = TIMEOUT) -> None:
        """Wait up to `timeout` seconds until the message is gone."""
        __tracebackhide__ = True
        chat = self.reader.key(self.chat_id)
        wanted = is_event("delete", chat=chat, message_id=self.message_id)
        await self._wait(wanted, timeout, "deleted")

    async def _wait(self, wanted: Wanted, timeout: float, done: str) -> int:
        __tracebackhide__ = True
        return await self.reader.telegram.wait(
            wanted,
            self.position + 1,
            timeout,
            f"nobody {done} the message {describe(self.raw)!r}",
            self.reader,
            self.chat_id,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """What a press was answered with: https://core.telegram.org/bots/api#answercallbackquery."""

    text: str
    """Empty if the bot only said that the press has arrived."""
    alert: bool
    url: str


@dataclass(frozen=True)
class InlineResult:
    """What a bot offers to somebody who has typed `@bot query`."""

    reader: User
    raw: Json
    """The InlineQueryResult: https://core.telegram.org/bots/api#inlinequeryresult."""
    query_id: str = field(repr=False)
    chat_id: int = field(repr=False)

    @property
    def title(self) -> str:
        """Empty if it has none."""
        return str(self.raw.get("title", ""))

    async def choose(self) -> Message:
        """Send it into the chat, and give the message that was sent."""
        __tracebackhide__ = True
        return await self.reader.choose(self)


def buttons_of(message: Json) -> list[Json]:
    """The buttons of a message, inline or of its reply keyboard."""
    markup = message.get("reply_markup", {})
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button for row in rows for button in row]


def is_said_by(bot_id: int) -> Wanted:
    """Tells the messages that a bot has written."""
    by_it = is_event("message", by_bot=True, bot_id=bot_id)
    return lambda event: by_it(event) and not any(one in event["message"] for one in SERVICE)


def describe(message: Json) -> str:
    """A message in a line or a few: what is in it, text, buttons."""
    labels = " ".join(f"[{button['text']}]" for button in buttons_of(message))
    return "  ".join(filter(None, [summary(message), labels])) or "(nothing)"
