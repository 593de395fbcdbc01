"""Timers: turns that a handler orders for later, in its conversation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import orjson
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.types import Chat, TelegramObject, User

from fleet.inbox.conversation import bot_of, without_lane
from fleet.overlay import Overlay, TimerWrite

LONGEST_NAME = 64
"""Characters of a timer's name."""
MOST_DATA = 16 << 10
"""Bytes of a timer's data, as JSON."""


class Timer(TelegramObject):
    """A turn that is ordered for later. `F.name` and other filters work on it."""

    name: str
    """As it was set."""
    data: dict[str, Any]
    """What was given along."""
    due: datetime
    """When its turn was meant to begin, in UTC."""
    bot_id: int
    chat_id: int | None
    """None where the update in whose turn it was set has neither chat nor user."""
    user_id: int | None

    @classmethod
    def read(cls, bot_id: int, kept: dict[str, Any]) -> Timer:
        """Make it of what `Timers` has kept."""
        return cls(
            name=kept["name"],
            data=kept["data"],
            due=datetime.fromtimestamp(kept["due"] / 1000, UTC),
            bot_id=bot_id,
            # What has no chat belongs to the private one with its user, as states do.
            chat_id=(kept["chat"] or kept["user"] or {}).get("id"),
            user_id=(kept["user"] or {}).get("id"),
        )


def context_of(kept: dict[str, Any]) -> EventContext:
    """Tell whose state a timer sees: that of the turn in which it was set."""
    return EventContext(
        chat=Chat.model_validate(kept["chat"]) if kept["chat"] else None,
        user=User.model_validate(kept["user"]) if kept["user"] else None,
        thread_id=kept.get("thread"),
        business_connection_id=kept.get("business"),
    )


class Book(Protocol):
    """Where timers are kept: see `fleet.inbox.timers.TimerBook`."""

    async def of(self, conversation: str) -> dict[str, bytes]: ...

    async def write(self, write: TimerWrite) -> bool: ...


class Timers:
    """The timers of one conversation. Handlers get it as `timers`.

    In a turn they are set and cancelled with its end, or not at all if it fails.

    Args:
        conversation: whose they are.
        context: whose state their turns see.
        overlay: what the turn has written.
        book: the timers that are kept.
        fired: the name of the timer whose turn this is, if it is one's.
        now: what the time is for a bot, by its id.
    """

    def __init__(
        self,
        conversation: str,
        context: EventContext,
        overlay: Overlay,
        book: Book,
        fired: str | None,
        now: Callable[[int], datetime],
    ) -> None:
        self._conversation = without_lane(conversation)
        self._bot_id = bot_of(conversation)
        self._context = context
        self._overlay = overlay
        self._book = book
        self._fired = fired
        self._now = now

    async def set(
        self,
        name: str,
        *,
        after: timedelta | None = None,
        at: datetime | None = None,
        data: dict[str, Any] | None = None,
    ) -> Timer:
        """Order a turn for later; one of that name that is there already is moved.

        Args:
            name: up to 64 characters; a handler chooses its timers by it.
            after: how long from now, or
            at: when, with a time zone. What is past is due at once.
            data: for the handler; up to 16 KB as JSON.

        Raises:
            ValueError: one of these is not as it says.
            TypeError: JSON cannot hold the data.
        """
        if (after is None) == (at is None):
            raise ValueError("say when: after=timedelta(...) or at=datetime(...), one of them")
        if at is not None and at.tzinfo is None:
            raise ValueError("at= has no time zone: datetime.now(UTC), or with a ZoneInfo")
        if not 1 <= len(name) <= LONGEST_NAME:
            raise ValueError(f"a timer's name has 1 to {LONGEST_NAME} characters")
        due = at if at is not None else self._now(self._bot_id) + (after or timedelta())
        kept = {
            "name": name,
            "data": data or {},
            "due": max(0, int(due.timestamp() * 1000)),
            **_describe(self._context),
        }
        json = orjson.dumps({"timer": kept})
        if len(orjson.dumps(kept["data"])) > MOST_DATA:
            raise ValueError(
                f"a timer's data may have {MOST_DATA >> 10} KB; keep more in the state"
            )
        await self._write(TimerWrite(self._conversation, name, kept["due"], json))
        return Timer.read(self._bot_id, kept)

    async def cancel(self, name: str) -> None:
        """Have it not fire, if there is one of that name."""
        await self._write(TimerWrite(self._conversation, name, None, b""))

    async def all(self) -> list[Timer]:
        """Give those that are to fire, the next one first."""
        found = await self._book.of(self._conversation)
        found.pop(self._fired or "", None)
        for name, write in self._overlay.timers.items():
            found.pop(name, None)
            if write.due_ms is not None:
                found[name] = write.json
        bot_id = self._bot_id
        timers = [Timer.read(bot_id, orjson.loads(json)["timer"]) for json in found.values()]
        return sorted(timers, key=lambda timer: timer.due)

    async def _write(self, write: TimerWrite) -> None:
        if await self._overlay.takes_writes():
            self._overlay.timers[write.name] = write
        else:  # of a task that has outlived its turn
            await self._book.write(write)


def _describe(context: EventContext) -> dict[str, Any]:
    chat, user = context.chat, context.user
    return {
        "chat": chat and {"id": chat.id, "type": chat.type},
        "user": user
        and {
            "id": user.id,
            "is_bot": user.is_bot,
            "first_name": user.first_name,
            **({"language_code": user.language_code} if user.language_code else {}),
        },
        **({"thread": context.thread_id} if context.thread_id else {}),
        **({"business": context.business_connection_id} if context.business_connection_id else {}),
    }
