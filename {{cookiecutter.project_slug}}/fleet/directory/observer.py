"""The directory, written: what updates and answers tell of chats."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.directory.chats import TYPES, ChatType, Unreachable, today
from fleet.redis.errors import Complaint
from fleet.redis.keys import PREFIX
from fleet.shards.scripts import Argument, ShardScripts
from fleet.shards.shard import shard_of
from fleet.telegram.moves import Moves

INTERVAL = 1.0
"""Seconds between two writes."""
WRITTEN_AT_ONCE = 200
"""Chats: more in one script would hold Redis up for everybody."""
TRUSTED_FOR = 60.0
"""Seconds for which what this replica has written counts as what is there: others write, too."""
MOST = 100_000
"""Chats that are remembered until they are written; more are left out while Redis is away."""

_LETTERS = {one: letter for letter, one in TYPES.items()}
GONE = "-"
"""The reason of a chat that is no more."""

log = structlog.get_logger(__name__)


class _Note(NamedTuple):
    """What is to be written of a chat: see `note.lua`."""

    type: str = ""
    day: str = ""
    reason: str = ""


class Observer:
    """Gathers what is known of chats, and writes it second by second.

    Args:
        redis: the client.
        shards: how many there are.
        moves: the groups that have become supergroups.
        prefix: REDIS_PREFIX.
    """

    def __init__(self, redis: Redis, shards: int, moves: Moves, *, prefix: str = PREFIX) -> None:
        self._shards = shards
        self._moves = moves
        self._scripts = ShardScripts(redis, prefix, Path(__file__).parent / "scripts")
        self._script = self._scripts.load("note")
        self._notes: dict[tuple[int, int], _Note] = {}
        self._written: dict[tuple[int, int], _Note] = {}
        self._forget_at = 0.0
        self._waits = Complaint(log, "the directory is not written", hushed=True)

    def update(self, bot_id: int, update: Mapping[str, Any]) -> None:
        """Note what a raw update tells."""
        event = next((value for key, value in update.items() if key != "update_id"), None)
        # A business chat is that of the account's owner: the bot itself knows nobody there.
        if not isinstance(event, Mapping) or "business_connection_id" in event:
            return
        message = event.get("message")
        chat = event.get("chat") or (isinstance(message, Mapping) and message.get("chat"))
        if not isinstance(chat, Mapping) or not isinstance(chat_id := chat.get("id"), int):
            return
        try:
            kind = ChatType(chat.get("type", ""))
        except ValueError:
            return
        if "migrate_to_chat_id" in event or self._moves.new_id(bot_id, chat_id):
            return  # see `moved`
        reason = _reason_of_event(bot_id, update, event, kind)
        self._note(bot_id, chat_id, _Note(_LETTERS[kind], str(today()), reason))

    def reached(self, bot_id: int, chat_id: int) -> None:
        """Note that Telegram has taken a call for a chat."""
        self._note(bot_id, chat_id, _Note())

    def refused(self, bot_id: int, chat_id: int, why: Unreachable) -> None:
        """Note that Telegram let nothing through to a chat."""
        self._note(bot_id, chat_id, _Note(reason=why.value[0]))

    def moved(self, bot_id: int, chat_id: int, new_id: int) -> None:
        """Note that a group is a supergroup now."""
        self._note(bot_id, chat_id, _Note(reason=GONE))
        self._note(bot_id, new_id, _Note(_LETTERS[ChatType.SUPERGROUP], str(today())))

    def _note(self, bot_id: int, chat_id: int, note: _Note) -> None:
        key = bot_id, chat_id
        before = self._notes.get(key) or self._written.get(key)
        if before and before.reason != GONE:  # what is not said now is as it was
            note = note._replace(type=note.type or before.type, day=note.day or before.day)
        if note != self._written.get(key):
            if key in self._notes or len(self._notes) < MOST:
                self._notes[key] = note
        else:  # it is back to what is written
            self._notes.pop(key, None)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.write()
            except RedisError as error:
                self._waits.about(error)
            else:
                self._waits.over()

    async def write(self) -> None:
        """Write what was noted. Raises `redis.exceptions.RedisError`; it is noted still, then."""
        if time.monotonic() > self._forget_at:
            self._written, self._forget_at = {}, time.monotonic() + TRUSTED_FOR
        while self._notes:
            some = dict(list(self._notes.items())[:WRITTEN_AT_ONCE])
            shards: defaultdict[int, list[Argument]] = defaultdict(lambda: [0])
            for (bot_id, chat_id), note in some.items():
                own = shards[shard_of(bot_id, chat_id, self._shards)]
                own[0] = int(own[0]) + 1
                own += [bot_id, chat_id, *note]
            for key in some:  # what is noted from now on is compared with what is being written
                self._written.pop(key, None)
            await self._scripts.each(self._script, [], shards)
            for key, note in some.items():
                if self._notes.get(key) == note:
                    del self._notes[key]
            if len(self._written) < MOST:
                self._written |= some


def _reason_of_event(
    bot_id: int, update: Mapping[str, Any], event: Mapping[str, Any], kind: ChatType
) -> str:
    """Tell what an update says of the bot's own place in its chat."""
    out = Unreachable.BLOCKED if kind is ChatType.PRIVATE else Unreachable.KICKED
    if "my_chat_member" in update:
        member = event.get("new_chat_member")
        member = member if isinstance(member, Mapping) else {}
        is_out = member.get("status") in ("left", "kicked") or member.get("is_member") is False
        return out.value[0] if is_out else ""
    left = event.get("left_chat_member")
    return out.value[0] if isinstance(left, Mapping) and left.get("id") == bot_id else ""
