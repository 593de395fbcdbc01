"""When jobs are due, whose they are, and which are refused."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiogram import Bot, Dispatcher

from fleet.bots.role import Role, role_data
from fleet.routing import Router
from fleet.turn import Job
from fleet.turn.jobs import Clockwork, clockworks, clockworks_for
from fleet.turn.updates import read_own

BOT = Bot("1:secret")
BERLIN = "Europe/Berlin"
MINUTELY = {"cron": "* * * * *"}


async def digest(job: Job) -> None:
    """Do nothing."""


async def report(job: Job) -> None:
    """Do nothing."""


def made(*routers: Router) -> Dispatcher:
    dispatcher = Dispatcher()
    dispatcher.include_routers(*routers)
    return dispatcher


def with_job(
    *filters: Any, callback: Callable[..., Any] = digest, flags: dict[str, str] = MINUTELY
) -> Router:
    router = Router()
    router.job.register(callback, *filters, flags=dict(flags))
    return router


@pytest.mark.parametrize(
    ("cron", "tz", "after", "due"),
    [
        ("0 9 * * *", "UTC", "2026-01-01T09:00:00", ["2026-01-02T09:00"]),
        ("*/20 * * * * *", "UTC", "2026-01-01T09:00:59.999", ["2026-01-01T09:01"]),
        ("0 9 * * *", "America/New_York", "2026-01-01T12:00", ["2026-01-01T14:00"]),
        ("0 9 * * *", "Asia/Kathmandu", "2026-01-01T00:00", ["2026-01-01T03:15"]),
        ("0 9 * * MON", "Pacific/Auckland", "2026-01-01T00:00", ["2026-01-04T20:00"]),
        # Summer begins in Berlin at 1:00 UTC: from 2 o'clock it is 3.
        ("0 9 * * *", BERLIN, "2026-03-28T08:00", ["2026-03-29T07:00"]),
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # It ends at 1:00 UTC: from 3 o'clock it is 2 again.
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 2 * * *", BERLIN, "2026-10-25T01:10", ["2026-10-26T01:30"]),
        ("30 * * * *", BERLIN, "2026-10-25T00:00", ["2026-10-25T00:30", "2026-10-25T01:30"]),
    ],
)  # fmt: skip
def test_a_job_is_due_by_the_clock_of_its_zone(
    cron: str, tz: str, after: str, due: list[str]
) -> None:
    clockwork, moment = Clockwork("digest", cron, tz), datetime.fromisoformat(after + "Z")
    for expected in due:
        moment = clockwork.next_due(moment)
        assert moment == datetime.fromisoformat(expected + "Z")


def test_a_job_is_not_ordered_twice_for_one_time_by_a_clock_that_is_ahead() -> None:
    clockwork, now = Clockwork("digest", "* * * * * *"), datetime.now(UTC)

    def ordered(last: datetime | None) -> float:
        due_ms = clockwork.order(1, last).due_ms
        assert due_ms
        return due_ms / 1000 - now.timestamp()

    assert ordered(now + timedelta(seconds=30)) > 30
    assert ordered(now - timedelta(seconds=30)) > 0
    assert ordered(now + timedelta(hours=1)) < 30, "it was run by hand"


def test_what_is_ordered_is_known_again() -> None:
    clockwork = Clockwork("digest", "0 9 * * *", BERLIN)
    write = clockwork.order(1)
    assert (write.conversation, write.name) == ("1:job:digest", "digest")
    assert clockwork.ordered_by(write.json)
    assert not Clockwork("digest", "0 9 * * *", "UTC").ordered_by(write.json)
    assert not Clockwork("digest", "0 8 * * *", BERLIN).ordered_by(write.json)
    for damaged in (None, b"", b"{", b"[]", b"{}", b'{"job":7}', b'{"job":{}}'):
        assert not clockwork.ordered_by(damaged)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"cron": "every day"}, "cron='every day' is no cron line, such as '0 9 * * *'"),
        ({"cron": "61 * * * *"}, "cron='61 * * * *' is no cron line, such as '0 9 * * *'"),
        ({"tz": "UTC"}, "cron='' is no cron line"),
        ({"cron": "0 0 30 2 *"}, "cron='0 0 30 2 *' is no cron line"),
        ({"cron": "0 0 */31 * MON#5"}, "cron='0 0 */31 * MON#5' is a time that never comes"),
        (MINUTELY | {"tz": "Mars"}, "tz='Mars' is no time zone, such as 'Europe/Berlin'"),
        (MINUTELY | {"tz": "Europe"}, "tz='Europe' is no time zone"),
        (MINUTELY | {"tz": "/etc/passwd"}, "tz='/etc/passwd' is no time zone"),
        (MINUTELY | {"name": "daily digest"}, "a job's name is a word, and 'daily digest' is none"),
    ],
)
def test_a_job_that_cannot_be_is_refused(flags: dict[str, str], reason: str) -> None:
    told = f"^the handler digest in {__name__}: {re.escape(reason)}"
    with pytest.raises(ValueError, match=told):
        clockworks(made(with_job(flags=flags)))


def test_a_function_without_a_name_needs_the_flag() -> None:
    nameless = partial(digest)
    with pytest.raises(ValueError, match="the flag name=…"):
        clockworks(made(with_job(callback=nameless)))
    named = with_job(callback=nameless, flags=MINUTELY | {"name": "daily"})
    assert list(clockworks(made(named))) == ["daily"]


def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="there is another job digest: the flag name=…"):
        clockworks(made(with_job(), with_job()))
    named = with_job(flags=MINUTELY | {"name": "other"})
    assert list(clockworks(made(with_job(), named))) == ["digest", "other"]


async def jobs_of(dispatcher: Dispatcher, role: str | None) -> list[str]:
    found = await clockworks_for(dispatcher, bot=BOT, **role_data(role))
    return [clockwork.name for clockwork in found]


async def test_a_bot_has_the_jobs_of_its_role() -> None:
    shops, inner = Router(), with_job(Role("shop"))
    shops.job.filter(Role("shop", "desk"))
    shops.include_router(inner)
    dispatcher = made(shops, with_job(callback=report))
    assert await jobs_of(dispatcher, "shop") == ["digest", "report"]
    assert await jobs_of(dispatcher, "desk") == await jobs_of(dispatcher, None) == ["report"]


async def test_filters_get_what_those_above_have_found() -> None:
    def find(job: Job, price: int) -> dict[str, Any]:
        return {"found": f"{job.name} for {price}"}

    def is_right(_: Job, found: str) -> bool:
        return found == "digest for 5"

    router = with_job(is_right)
    router.job.filter(find)
    dispatcher = made(router)
    dispatcher["price"] = 5
    assert await jobs_of(dispatcher, None) == ["digest"]
    dispatcher["price"] = 6
    assert await jobs_of(dispatcher, None) == []


async def test_a_filter_that_cannot_tell_yet_is_asked_in_the_turn() -> None:
    def knows(_: Job, user_of_a_middleware: str) -> bool:
        return bool(user_of_a_middleware)

    assert await jobs_of(made(with_job(knows)), None) == ["digest"]


async def test_each_job_is_its_own_handlers() -> None:
    taken = []

    async def first(job: Job) -> None:
        taken.append(("first", job.name, job.bot_id, job.due))

    router = Router()
    router.job.register(first, flags=MINUTELY)

    @router.job(flags=MINUTELY | {"name": "other"})
    async def second(job: Job) -> None:
        taken.append(("second", job.name, job.bot_id, job.due))

    dispatcher = made(router)
    for name in ("other", "first"):
        update = read_own(BOT, -1, {"job": {"name": name, "due": 60_000}})
        assert update
        await dispatcher.feed_update(BOT, update)
    due = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert taken == [("second", "other", 1, due), ("first", "first", 1, due)]
