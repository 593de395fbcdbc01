"""Jobs: turns by the clock, once for each bot that they are for.

A job is kept as a timer in a conversation of its own; its turn orders the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from aiogram.types import TelegramObject
from cronsim import CronSim, CronSimError

from fleet.inbox.timers import JOB
from fleet.overlay import TimerWrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram import Dispatcher, Router
    from aiogram.dispatcher.event.handler import HandlerObject


class Job(TelegramObject):
    """A turn by the clock."""

    name: str
    """The flag `name` of its handler, or the name of the function."""
    due: datetime
    """When its turn was meant to begin, in UTC. If nothing ran for long: the first time of those
    that were missed; it has one turn for all of them."""
    bot_id: int


@dataclass(frozen=True, slots=True)
class Clockwork:
    """When a job is due."""

    name: str
    cron: str
    tz: str = "UTC"

    @classmethod
    def of(cls, handler: HandlerObject) -> Clockwork:
        """Read the flags of a handler.

        Raises ValueError, which names the job, for flags that cannot be read.
        """
        name = str(handler.flags.get("name") or getattr(handler.callback, "__name__", "job"))
        cron, tz = handler.flags.get("cron", ""), handler.flags.get("tz", "UTC")
        clockwork = cls(name, str(cron), str(tz))
        if not name.isidentifier():
            raise ValueError(f"the job {name!r} needs a name that is a word: the flag name=…")
        try:
            clockwork.next_due(datetime.now(UTC))
        except CronSimError as error:
            reason = f"cron={clockwork.cron!r} is no cron line, such as '0 9 * * *': {error}"
            raise ValueError(f"the job {name}: {reason}") from None
        except (ZoneInfoNotFoundError, ValueError):
            reason = f"there is no time zone {clockwork.tz!r}, such as 'Europe/Berlin'"
            raise ValueError(f"the job {name}: {reason}") from None
        return clockwork

    def next_due(self, after: datetime) -> datetime:
        """Tell when it is due next, in UTC."""
        return next(CronSim(self.cron, after.astimezone(ZoneInfo(self.tz)))).astimezone(UTC)

    def order(self, bot_id: int) -> TimerWrite:
        """Give what has its next turn begin in time."""
        due_ms = int(self.next_due(datetime.now(UTC)).timestamp() * 1000)
        kept = {"name": self.name, "due": due_ms, "cron": self.cron, "tz": self.tz}
        json = orjson.dumps({"job": kept})
        return TimerWrite(self.conversation(bot_id), self.name, due_ms, json)

    def conversation(self, bot_id: int) -> str:
        """Name where its turns are in order."""
        return f"{bot_id}:{JOB}:{self.name}"

    def ordered_by(self, json: bytes | None) -> bool:
        """Tell whether what is kept has its next turn begin at the right time."""
        kept = orjson.loads(json)["job"] if json else {}
        return (kept.get("cron"), kept.get("tz")) == (self.cron, self.tz)


def clockworks(dispatcher: Dispatcher) -> dict[str, Clockwork]:
    """Find all jobs, by their names. Raises ValueError for one that is not as it should be."""
    found: dict[str, Clockwork] = {}
    for _, handler in _handlers(dispatcher):
        clockwork = Clockwork.of(handler)
        if clockwork.name in found:
            raise ValueError(f"there are two jobs {clockwork.name}: give one the flag name=…")
        found[clockwork.name] = clockwork
    return found


async def clockworks_for(dispatcher: Dispatcher, **data: Any) -> list[Clockwork]:
    """Find the jobs that a bot has: those whose filters, and their routers', let it pass.

    `data` is what filters get besides the job: `bot`, `bot_role` …
    """
    found = []
    data = {"dispatcher": dispatcher, **dispatcher.workflow_data, **data}
    for router, handler in _handlers(dispatcher):
        clockwork = Clockwork.of(handler)
        job = Job(name=clockwork.name, due=datetime.now(UTC), bot_id=data["bot"].id)
        observers = [one.observers.get("job") for one in reversed(tuple(router.chain_head))]
        for observer in filter(None, observers):
            passed, _ = await observer.check_root_filters(job, **data)
            if not passed:
                break
        else:
            passed, _ = await handler.check(job, **data)
            if passed:
                found.append(clockwork)
    return found


def _handlers(dispatcher: Dispatcher) -> Iterator[tuple[Router, HandlerObject]]:
    for router in dispatcher.chain_tail:
        if observer := router.observers.get("job"):
            for handler in observer.handlers:
                yield router, handler
