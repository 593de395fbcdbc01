"""What somebody sees in a chat: messages, and notices that answer a press."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from aiogram import types

from sandbox.testing.bots import Account
from sandbox.testing.errors import Refused
from sandbox.testing.journal import Wanted, is_event
from sandbox.testing.raw import buttons_of, describe, key_of, same
from sandbox.testing.stage import TIMEOUT, Stage
from sandbox.world.events import Json

FILES = ("document", "animation", "video", "video_note", "voice", "audio", "sticker")


class Reader(Protocol):
    """Who sees a message, and can do something about it."""

    @property
    def telegram(self) -> Stage: ...

    @property
    def bot(self) -> Account: ...

    async def click(self, message: Message, label: str) -> None: ...

    async def choose(self, result: InlineResult) -> Message: ...


@dataclass(frozen=True, repr=False)
class Message:
    """A message as somebody saw it: what happens to it later does not change this object."""

    raw: Json
    """The Message object: https://core.telegram.org/bots/api#message. Beside inline buttons, its
    `reply_markup` may be a reply keyboard."""
    reader: Reader
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
    def is_ephemeral(self) -> bool:
        """Whether one member of a group alone sees it; it has no `message_id` then."""
        return "ephemeral_message_id" in self.raw

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
        is_edit = is_event(self.edit, chat=self._key)
        position = await self._wait(
            lambda event: is_edit(event) and same(event["message"], self.raw), timeout, "edited"
        )
        raw = self.reader.telegram.journal.events[position]["message"]
        return Message(raw, self.reader, position)

    async def deleted(self, *, timeout: float = TIMEOUT) -> None:
        """Wait up to `timeout` seconds until the message is gone."""
        __tracebackhide__ = True
        wanted = is_event("delete", chat=self._key, message_id=self.message_id)
        if self.is_ephemeral:
            number, user_id = self.raw["ephemeral_message_id"], self.raw["receiver_user"]["id"]
            about = {"chat": self._key, "user_id": user_id, "ephemeral_message_id": number}
            wanted = is_event("ephemeral_delete", **about)
        await self._wait(wanted, timeout, "deleted")

    @property
    def edit(self) -> str:
        """The event of an edit."""
        return "ephemeral_edit" if self.is_ephemeral else "edit"

    @property
    def _key(self) -> str:
        return key_of(self.raw, self.reader.bot.id)

    async def _wait(self, wanted: Wanted, timeout: float, done: str) -> int:
        __tracebackhide__ = True
        return await self.reader.telegram.wait(
            wanted,
            self.position + 1,
            timeout,
            f"nobody {done} the message {describe(self.raw)!r}",
            self.reader.bot,
            self._key,
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

    reader: Reader
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
