"""Jobs: turns by the clock, once for each bot that they are for.

A job is kept as a timer in a conversation of its own; its turn orders the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import structlog
from aiogram.types import TelegramObject
from cronsim import CronSim, CronSimError

from fleet.inbox.timers import JOB
from fleet.overlay import TimerWrite
from fleet.routing import describe_handler, handlers_of, is_reached, name_of_job

if TYPE_CHECKING:
    from aiogram import Dispatcher
    from aiogram.dispatcher.event.handler import HandlerObject

MOST_AHEAD = timedelta(minutes=1)
"""By how much Redis' clock, which says when a job is due, may be ahead of this process' own."""

log = structlog.get_logger(__name__)


class Job(TelegramObject):
    """A turn by the clock."""

    name: str
    """The flag `name` of its handler, or the name of the function."""
    due: datetime
    """When its turn was meant to begin, in UTC. If nothing ran for long: the first time of those
    that were missed; it has one turn for all of them. With `fleet jobs run` it is still to come."""
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

        Raises ValueError, which names the handler, for flags that cannot be read.
        """
        name = name_of_job(handler)
        cron, tz = handler.flags.get("cron", ""), handler.flags.get("tz", "UTC")
        clockwork = cls(name, str(cron), str(tz))
        if not name.isidentifier():
            raise _refuse(handler, f"a job's name is a word, and {name!r} is none: the flag name=…")
        try:
            clockwork.next_due(datetime.now(UTC))
        except CronSimError as error:
            reason = f"cron={clockwork.cron!r} is no cron line, such as '0 9 * * *': {error}"
            raise _refuse(handler, reason) from None
        except StopIteration:
            raise _refuse(handler, f"cron={clockwork.cron!r} is a time that never comes") from None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            reason = f"tz={clockwork.tz!r} is no time zone, such as 'Europe/Berlin'"
            raise _refuse(handler, reason) from None
        return clockwork

    def next_due(self, after: datetime) -> datetime:
        """Tell when it is due next, in UTC."""
        moments = CronSim(self.cron, after.astimezone(ZoneInfo(self.tz)))
        # In the hour that comes twice when summer ends, it begins with what is past.
        return next(one for one in moments if one > after).astimezone(UTC)

    def order(
        self, bot_id: int, last: datetime | None = None, *, now: datetime | None = None
    ) -> TimerWrite:
        """Give what has its next turn begin in time; `last` is when the one now was due."""
        after = now or datetime.now(UTC)
        if last and after < last < after + MOST_AHEAD:
            after = last  # by Redis' clock it is that late already
        due_ms = int(self.next_due(after).timestamp() * 1000)
        kept = {"name": self.name, "due": due_ms, "cron": self.cron, "tz": self.tz}
        json = orjson.dumps({"job": kept})
        return TimerWrite(self.conversation(bot_id), self.name, due_ms, json)

    def conversation(self, bot_id: int) -> str:
        """Name where its turns are in order."""
        return f"{bot_id}:{JOB}:{self.name}"

    def ordered_by(self, json: bytes | None) -> bool:
        """Tell whether what is kept has its next turn begin at the right time."""
        try:
            kept = orjson.loads(json or b"")["job"]
            return (kept["cron"], kept["tz"]) == (self.cron, self.tz)
        except (ValueError, LookupError, TypeError):  # there is none, or it is damaged
            return False


def clockworks(dispatcher: Dispatcher) -> dict[str, Clockwork]:
    """Find all jobs, by their names. Raises ValueError for one that is not as it should be."""
    found: dict[str, Clockwork] = {}
    for _, handler in handlers_of(dispatcher, "job"):
        clockwork = Clockwork.of(handler)
        if clockwork.name in found:
            raise _refuse(handler, f"there is another job {clockwork.name}: the flag name=…")
        found[clockwork.name] = clockwork
    return found


async def clockworks_for(dispatcher: Dispatcher, **data: Any) -> list[Clockwork]:
    """Find the jobs that a bot has: those whose filters, and their routers', let it pass.

    A filter that fails lets it pass, too: with the data of middlewares, in the job's turn, it may
    know more.

    `data` is what filters get besides the job: `bot`, `bot_role` …
    """
    found = []
    data = {"dispatcher": dispatcher, **dispatcher.workflow_data, **data}
    for router, handler in handlers_of(dispatcher, "job"):
        clockwork = Clockwork.of(handler)
        job = Job(name=clockwork.name, due=datetime.now(UTC), bot_id=data["bot"].id)
        try:
            is_for_it = await is_reached(router, handler, "job", job, data)
        except Exception as error:  # noqa: BLE001 - a filter that is the user's own
            log.debug(
                "a filter cannot tell whether a bot has a job", job=job.name, error=repr(error)
            )
            is_for_it = True
        if is_for_it:
            found.append(clockwork)
    return found


def _refuse(handler: HandlerObject, reason: str) -> ValueError:
    return ValueError(f"{describe_handler(handler)}: {reason}")
