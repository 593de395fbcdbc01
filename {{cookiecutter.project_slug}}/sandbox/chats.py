"""Chats as one bot sees them: what was said, and who wants to hear of changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
WATCH_BACKLOG = 1000
"""Events kept for a watcher that does not read; it loses what comes after."""


@dataclass(slots=True)
class Stored:
    """A message in a chat. Messages are replaced when edited, never changed in place."""

    message: Json
    by_bot: bool
    created: int
    changed: int
    keyboard: Json | None = None
    """The reply keyboard that came with it, or what took one away. The user sees it; a Message
    object of the Bot API has inline keyboards alone."""

    @property
    def seen(self) -> Json:
        """The message as the user sees it."""
        return self.message | {"reply_markup": self.keyboard} if self.keyboard else self.message


@dataclass(slots=True)
class Chat:
    """One chat of one bot. `revision` grows with everything that happens in it."""

    info: Json
    messages: dict[int, Stored] = field(default_factory=dict)
    revision: int = 0
    acted: int = 0
    """Revision at the user's last action: what is newer may be the answer to it."""
    watchers: set[asyncio.Queue[Json]] = field(default_factory=set)

    @property
    def chat_id(self) -> int:
        chat_id: int = self.info["id"]
        return chat_id

    def add(self, message: Json, *, by_bot: bool, keyboard: Json | None = None) -> None:
        """A new message."""
        self.revision += 1
        stored = Stored(message, by_bot, self.revision, self.revision, keyboard)
        self.messages[message["message_id"]] = stored
        if not by_bot:
            self.acted = self.revision
        self.tell({"event": "message", "by_bot": by_bot, "message": stored.seen})

    def edit(self, message: Json) -> None:
        """A message that is there gets a new content."""
        self.revision += 1
        stored = self.messages[message["message_id"]]
        stored.message = message
        stored.changed = self.revision
        self.tell({"event": "edit", "by_bot": stored.by_bot, "message": stored.seen})

    def delete(self, message_id: int) -> None:
        """A message disappears."""
        self.revision += 1
        del self.messages[message_id]
        self.tell({"event": "delete", "message_id": message_id})

    def acts(self) -> None:
        """The user did something that is no message, such as pressing a button."""
        self.revision += 1
        self.acted = self.revision

    def tell(self, event: Json) -> None:
        """Give an event to everybody who watches."""
        for watcher in self.watchers:
            with contextlib.suppress(asyncio.QueueFull):
                watcher.put_nowait(event)

    @contextlib.contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Json]]:
        """Events of this chat from now on."""
        queue: asyncio.Queue[Json] = asyncio.Queue(WATCH_BACKLOG)
        self.watchers.add(queue)
        try:
            yield queue
        finally:
            self.watchers.discard(queue)

    def view(self) -> list[Json]:
        """The messages as the user sees them now, oldest first."""
        return [stored.seen for stored in self.messages.values()]

    def keyboard_buttons(self) -> list[Json]:
        """The buttons of the reply keyboard that the user has now."""
        for stored in reversed(self.messages.values()):
            if stored.keyboard and not stored.keyboard.get("force_reply"):
                rows = stored.keyboard.get("keyboard", [])
                return [button for row in rows for button in row]
        return []

    def next_reply(self, after: int | None, seen: int) -> Json | None:
        """The bot's first message with an id above `after`, or, without `after`, its first one
        since the user's last action with an id above `seen`."""
        for message_id, stored in self.messages.items():
            if not stored.by_bot:
                continue
            if after is not None:
                if message_id > after:
                    return stored.seen
            elif stored.created > self.acted and message_id > seen:
                return stored.seen
        return None

    def next_edit(self, message_id: int) -> Json | None:
        """The message, if it was edited since the user's last action."""
        stored = self.messages.get(message_id)
        if stored is None or stored.changed == stored.created or stored.changed <= self.acted:
            return None
        return stored.seen


def describe_chat(chat_id: int, first_name: str) -> Json:
    """A Chat object: private above zero, a group below, a supergroup below -10^12.

    https://core.telegram.org/bots/api#chat
    """
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": first_name}
    kind = "supergroup" if chat_id < -(10**12) else "group"
    return {"id": chat_id, "type": kind, "title": f"Sandbox {kind}"}
