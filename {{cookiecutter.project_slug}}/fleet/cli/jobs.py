"""Jobs: turns by the clock."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import orjson
import typer

from fleet.bots.fleet import FleetError
from fleet.cli.access import Access, bot_id, run
from fleet.cli.output import AsJson, count, print_json, print_table, utc
from fleet.cli.timers import NO_REPLICA
from fleet.inbox.timers import KeptTimer

HELP = """Look at the jobs, which run by the clock once for each bot; have one run at once.

A job is a handler with the flag `cron`. It is here once a replica with that handler has run, and
ends when the handler is gone.
"""
AT_ONCE = 100
"""Records that are read at once."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What scripts get of a job."""

    name: str
    bot_id: int
    cron: str
    tz: str
    due: datetime | None
    """None while its turn waits or runs."""


def create_app() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")
    app.command("list")(show_all)
    app.command("run")(run_now)
    return app


def show_all(*, as_json: AsJson = False) -> None:
    """List each job of each bot: by which clock it runs, and when next."""

    async def action(access: Access) -> list[_Row]:
        jobs = sorted(await _all(access), key=lambda job: (job.name, job.bot_id))
        rows: list[_Row] = []
        for at in range(0, len(jobs), AT_ONCE):
            page = jobs[at : at + AT_ONCE]
            records = await asyncio.gather(*(access.timers.of(one.conversation) for one in page))
            rows += [
                _row(job, record[job.name])
                for job, record in zip(page, records, strict=True)
                if job.name in record  # else its turn has ended just now
            ]
        return rows

    rows = run(action)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ("Job", "Bot", "Cron", "Time zone", "Next (UTC)"),
            [
                (row.name, str(row.bot_id), row.cron, row.tz, utc(row.due) if row.due else "now")
                for row in rows
            ],
        )
    else:
        typer.echo("There are no jobs.")


def run_now(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    *,
    bot: Annotated[
        str | None,
        typer.Option("--bot", metavar="ID", help="For this bot alone.", show_default=False),
    ] = None,
) -> None:
    """Have a job run now, for each bot that has it. When it runs next by the clock stays."""

    async def action(access: Access) -> tuple[int, bool]:
        wanted = bot and await bot_id(access, bot)
        jobs = [
            job for job in await _all(access) if job.name == name and wanted in (None, job.bot_id)
        ]
        fired = [await access.timers.fire(job.conversation, job.name) for job in jobs]
        return sum(fired), bool(await access.replicas.living())

    fired, is_served = run(action)
    if not fired:
        of_bot = f" of bot {bot}" if bot else ""
        raise FleetError(f"there is no job {name}{of_bot}; `fleet jobs list` shows those there are")
    typer.echo(f"Due now: {name}, for {count(fired, 'bot')}{'' if is_served else NO_REPLICA}.")


async def _all(access: Access) -> list[KeptTimer]:
    """Give those that are to run, and those that wait for their turns or have them."""
    waiting = await access.timers.fired_jobs(await access.inbox.sizes())
    found = {job.conversation: job for job in waiting}
    async for timer in access.timers.all():
        if timer.is_job:
            found[timer.conversation] = timer
    return list(found.values())


def _row(job: KeptTimer, record: bytes) -> _Row:
    kept = orjson.loads(record)["job"]
    due = job.due if job.due_ms else None
    return _Row(job.name, job.bot_id, kept["cron"], kept["tz"], due)
