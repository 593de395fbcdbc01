"""What people did and bots answered, in order, so that it can be told as a test."""

from __future__ import annotations

from collections import deque

from sandbox.world.events import Json

EVERYWHERE = "*"
"""The key of all chats: when time passes."""
ALICE = 7
"""Who does something unless it is said."""
KEPT = 5_000
"""Entries; the oldest are forgotten."""
ANSWERS = ("message", "edit", "delete", "callback_answer")
"""Events of which a bot is the cause."""


class Story:
    """Entries, the oldest first: deeds of people (`command`, `arguments` and, when they came off,
    `result`), and events of chats."""

    def __init__(self) -> None:
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self._deeds: dict[str, Json] = {}

    def take(self, event: Json) -> None:
        """Note an event of the sandbox, if it belongs to the story."""
        match event:
            case {"event": "deed", "number": number}:
                self._deeds[number] = event
                self.entries.append(event)
            case {"event": "done", "number": number, "result": result}:
                if deed := self._deeds.pop(number, None):
                    deed["result"] = result
            case {"event": kind} if kind in ANSWERS and event.get("by_bot", True):
                self.entries.append(event)

    def of(self, chat: str, since: int = 0) -> list[Json]:
        """The entries of the chat with this key, from the message `since` on."""
        told = [
            entry
            for entry in self.entries
            if (chat_of(entry) if entry["event"] == "deed" else entry["chat"]) in (chat, EVERYWHERE)
        ]
        starts = (at for at, entry in enumerate(told) if message_id_of(entry) >= since)
        return told[next(starts, len(told)) :]


def chat_of(deed: Json) -> str | None:
    """The key of the chat in which somebody did something; None: it did not come off."""
    arguments, result = deed["arguments"], deed.get("result")
    if result is None:
        return None
    if deed["command"] == "advance":
        return EVERYWHERE
    if deed["command"] == "create_group":
        return str(result["id"])
    chat_id = arguments.get("chat_id") or arguments.get("user_id", ALICE)
    if chat_id < 0:
        return str(chat_id)
    return f"{arguments.get('chat_bot_id') or arguments.get('bot_id')}/{chat_id}"


def message_id_of(entry: Json) -> int:
    """The message that an entry made; 0: none."""
    made = entry.get("result") or entry
    message = made.get("message") if isinstance(made, dict) else None
    is_new = entry["event"] == "message" or entry.get("command") in ("send", "choose")
    return int(message["message_id"]) if is_new and message else 0
