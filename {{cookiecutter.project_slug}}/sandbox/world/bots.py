"""One bot at Telegram's side: its token, its queue of updates, the one who polls it."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice, takewhile

from sandbox.errors import ApiError, PollInterruptedError
from sandbox.world.chats import Chat, MessageIds
from sandbox.world.delivery import Webhook, people_in, undelivered
from sandbox.world.events import Events, Json
from sandbox.world.legacy import with_legacy
from sandbox.world.stars import Purse

SILENT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Types a bot gets only when it asks for them: https://core.telegram.org/bots/api#getupdates."""
GRACE = 300.0
"""Seconds in which a bot may write to who asks to join:
https://core.telegram.org/bots/api#chatjoinrequest."""
RECENT = 5.0
"""Seconds after its last getUpdates during which a bot still counts as polling."""


class Wake(Enum):
    """Why a getUpdates that waits is answered."""

    UPDATES = auto()
    TIME = auto()
    STOP = auto()
    FAULT = auto()
    REVOKED = auto()
    OTHER_POLL = auto()
    WEBHOOK = auto()


CONFLICTS = {
    Wake.OTHER_POLL: (
        "terminated by other getUpdates request; make sure that only one bot instance is running"
    ),
    Wake.WEBHOOK: "terminated by setWebhook request",
}


@dataclass(slots=True)
class Bot:
    """A bot and what is between it and its users.

    Update ids start at random, as after a week of silence at Telegram
    (https://core.telegram.org/bots/api#update): who recognises duplicates by id must not take a
    restarted sandbox's updates for old ones.
    """

    bot_id: int
    secret: str
    events: Events
    name: str = ""
    username: str = ""
    manager_id: int | None = None
    """The bot that manages it."""
    owner: Json | None = None
    """The user that created it as a managed bot."""
    revoked: bool = False
    next_update_id: int = field(default_factory=lambda: random.randrange(10**8, 10**9))
    ids: MessageIds = field(default_factory=MessageIds)
    """Of the messages in its private chats."""
    pending: deque[Json] = field(default_factory=deque)
    allowed: tuple[str, ...] = ()
    confirmed: int | None = None
    """The highest update id that was confirmed."""
    conflicts: int = 0
    webhook: Webhook | None = None
    chats: dict[int, Chat] = field(default_factory=dict)
    awaited: dict[int, Chat] = field(default_factory=dict)
    """Chats that are watched but in which nothing was said."""
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    """By scope and language."""
    profile: dict[tuple[str, str], Json] = field(default_factory=dict)
    """What the methods set… noted, by what it is and for which language or chat."""
    purse: Purse = field(default_factory=Purse)
    heard_of: set[int] = field(default_factory=set)
    """The users and bots of whom updates told."""
    asked: dict[int, float] = field(default_factory=dict)
    """When users asked to join a chat of it, in Unix time."""
    blocked: set[int] = field(default_factory=set)
    """The users who blocked it."""
    private: bool = True
    """Whether it has privacy mode, see privacy.py."""
    _poll: asyncio.Future[Wake] | None = None
    polled_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.name = self.name or f"Sandbox bot {self.bot_id}"
        self.username = self.username or f"sandbox_{self.bot_id}_bot"

    @property
    def token(self) -> str:
        return f"{self.bot_id}:{self.secret}"

    @property
    def user(self) -> Json:
        """The bot as a User object: https://core.telegram.org/bots/api#user."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.name,
            "username": self.username,
        }

    @property
    def pending_count(self) -> int:
        """Updates that are not confirmed."""
        return len(self.pending) - (self.webhook.done.total() if self.webhook else 0)

    def describe(self) -> Json:
        """What the control API says of it."""
        polled = self._poll is not None or time.monotonic() - self.polled_at < RECENT
        return {
            "id": self.bot_id,
            "username": self.username,
            "name": self.name,
            "mode": "webhook" if self.webhook else "polling" if polled else "idle",
            "polls": int(self._poll is not None),
            "pending": self.pending_count,
            "confirmed": self.confirmed,
            "conflicts": self.conflicts,
            "revoked": self.revoked,
            "description": self.profile.get(("description", ""), {}).get("description", ""),
            "private": self.private,
            "blocked_by": sorted(self.blocked),
            "webhook_error": self.webhook.last_error[1]
            if self.webhook and self.webhook.last_error
            else None,
            "manager_id": self.manager_id,
        }

    def changed(self) -> None:
        """Tells everybody who watches."""
        self.events.tell("bot", bot=self.describe())

    def wants(self, update: Json) -> bool:
        """Whether the bot asked for updates of this type."""
        kinds: Collection[str] = update.keys() - {"update_id"}
        if "clock" in kinds:  # is none of Telegram, so nobody can ask for it
            return True
        if self.allowed:
            return any(kind in self.allowed for kind in kinds)
        return not all(kind in SILENT_BY_DEFAULT for kind in kinds)

    def enter(self, updates: list[Json]) -> list[int]:
        """Puts updates into the queue, gives an id to those that have none, returns the ids.

        An id that is given counts: the ids go on from there. An update the bot does not ask for
        gets an id and is dropped.
        """
        wanted = []
        ids = []
        for update in updates:
            update_id = update.get("update_id", self.next_update_id)
            self.next_update_id = update_id + 1
            ids.append(update_id)
            self._hear(update)
            if self.wants(update):
                wanted.append({**with_legacy(update), "update_id": update_id})
        self.pending.extend(wanted)
        for update in wanted:
            self.events.tell("update", bot_id=self.bot_id, update=update, at=time.time())
        if self.webhook:
            self.webhook.enter(wanted)
        elif wanted:
            self.wake(Wake.UPDATES)
        return ids

    def _hear(self, update: Json) -> None:
        self.heard_of.update(people_in(update))
        request = update.get("chat_join_request", {})
        if "user_chat_id" in request:
            self.asked[request["user_chat_id"]] = request.get("date", 0)

    def knows(self, user_id: int) -> bool:
        """Whether it can name somebody: who wrote to it, or of whom an update told."""
        return user_id in self.chats or user_id in self.heard_of

    def may_write(self, user_id: int, now: float) -> bool:
        """Whether somebody has begun the conversation, or has just asked to join."""
        return user_id in self.chats or now - self.asked.get(user_id, 0) < GRACE

    def confirm(self, offset: int) -> None:
        """What an offset of getUpdates does: https://core.telegram.org/bots/api#getupdates.

        Positive: everything below is forgotten. Negative: everything but the last `-offset`. An
        offset far above the queue's end is ignored, as Telegram's queue does, or nobody would ever
        see updates again whose ids began anew.
        """
        if offset < 0:
            self._forget("dropped", len(self.pending) + offset)
        elif offset <= self.next_update_id + 10:
            ids = (update["update_id"] for update in self.pending)
            self._forget("confirmed", sum(1 for _ in takewhile(lambda one: one < offset, ids)))

    def drop_pending(self) -> None:
        """Forgets everything that waits."""
        self._forget("dropped", len(self.pending))

    def settled(self, done: Counter[int]) -> None:
        """The webhook took the updates `done`, in whatever order."""
        while self.pending and self.pending[0]["update_id"] in done:
            done -= Counter([self.pending[0]["update_id"]])
            self._forget("delivered", 1)

    def _forget(self, how: str, count: int) -> None:
        ids = [self.pending.popleft()["update_id"] for _ in range(count)]
        if ids:
            self.confirmed = max(self.confirmed or 0, *ids)
            self.events.tell("settled", bot_id=self.bot_id, update_ids=ids, how=how)

    def first(self, limit: int) -> list[Json]:
        """The oldest updates, which stay until they are confirmed."""
        return list(islice(self.pending, limit))

    async def poll(self, seconds: float) -> None:
        """Waits for updates. The poll that waited before this one is told of a conflict."""
        self.wake(Wake.OTHER_POLL)
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Wake] = loop.create_future()
        self._poll = waiting
        timer = loop.call_later(seconds, self._time_out, waiting)
        try:
            reason = await waiting
        finally:
            timer.cancel()
            self.polled_at = time.monotonic()
            if self._poll is waiting:
                self._poll = None
        if reason is Wake.FAULT:
            raise PollInterruptedError
        if reason is Wake.REVOKED:
            raise ApiError(401, "Unauthorized")
        if reason in CONFLICTS:
            raise self.conflict(CONFLICTS[reason])

    def _time_out(self, waiting: asyncio.Future[Wake]) -> None:
        if self._poll is waiting:
            self.wake(Wake.TIME)

    def polled(self) -> None:
        """Notes that somebody polls this bot."""
        self.polled_at = time.monotonic()

    def wake(self, reason: Wake) -> None:
        """Ends the poll that waits, if any."""
        if self._poll is not None:
            if not self._poll.done():
                self._poll.set_result(reason)
            self._poll = None

    def conflict(self, reason: str) -> ApiError:
        """Error 409, counted."""
        self.conflicts += 1
        return ApiError(409, f"Conflict: {reason}")

    def set_webhook(self, webhook: Webhook | None) -> None:
        """Replaces the webhook; None removes it. What was not delivered stays."""
        if self.webhook:
            self.webhook.close()
            self.pending = deque(undelivered(self.pending, self.webhook.done))
        self.webhook = webhook
        self.changed()
        if webhook:
            self.wake(Wake.WEBHOOK)
            webhook.enter(self.pending)

    def revoke(self) -> None:
        """Makes the token invalid."""
        self.revoked = True
        self.wake(Wake.REVOKED)
        self.changed()

    def restore(self) -> None:
        """Makes the token valid again."""
        self.revoked = False
        self.changed()

    def rotate(self) -> str:
        """Makes another token the valid one and returns it."""
        self.secret = new_secret()
        self.wake(Wake.REVOKED)
        self.restore()
        return self.token


def new_secret() -> str:
    """What stands behind the colon of a token."""
    return "AA" + secrets.token_urlsafe(25)[:33]
