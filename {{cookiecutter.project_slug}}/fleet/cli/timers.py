"""Timers: turns that handlers have ordered for later."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from fleet.bots.fleet import FleetError
from fleet.cli.access import Access, bot_id, run
from fleet.cli.output import (
    AsJson,
    Everything,
    Ids,
    Yes,
    count,
    print_json,
    print_table,
    utc,
)
from fleet.inbox.timers import KeptTimer
from fleet.overlay import TimerWrite

HELP = """Look at the timers that handlers have set; cancel them, or have them fire at once.

A timer's id is its conversation and its name: `bot:chat:user/name`. One that has fired waits for
its turn, as updates do, and is not listed any more. For turns by the clock see `fleet jobs`.
"""
ID = re.compile(r"([0-9]+:[^\s:/]+:[^\s/]+)/(.+)", re.DOTALL)

NO_REPLICA = "; no replica runs now: the next one begins with them"

OfBot = Annotated[
    str | None,
    typer.Option("--bot", metavar="ID", help="All of this bot.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class _Row:
    """What scripts get of a timer."""

    id: str
    bot_id: int
    conversation: str
    name: str
    due: datetime


def create_app() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")
    app.command("list")(show_all)
    app.command()(cancel)
    app.command()(fire)
    return app


def show_all(*, bot: OfBot = None, as_json: AsJson = False) -> None:
    """List the timers that are to fire, the next one first. Ids are shown as a shell takes them."""
    timers = sorted(run(lambda access: _kept(access, bot)), key=lambda timer: timer.due_ms)
    if as_json:
        print_json(
            [_Row(_id(one), one.bot_id, one.conversation, one.name, one.due) for one in timers]
        )
    elif timers:
        print_table(("Due (UTC)", "ID"), [(utc(one.due), shlex.quote(_id(one))) for one in timers])
    else:
        typer.echo("There are no timers.")


def cancel(
    ids: Ids = None,
    *,
    bot: OfBot = None,
    everything: Everything = False,
    yes: Yes = False,
) -> None:
    """Cancel timers: their turns do not come.

    Timers of a bot that has left the fleet wait until it is back; --bot cancels them, too.
    """
    _check_choice(ids, bot, everything=everything)
    chosen = run(lambda access: _choose(access, ids, bot))
    if chosen and not yes:
        typer.confirm(f"Cancel {count(len(chosen), 'timer')} for good?", abort=True, err=True)

    async def action(access: Access) -> list[KeptTimer]:
        return [one for one in chosen if not await access.timers.write(_cancelled(one))]

    missing = run(action)
    cancelled = len(chosen) - len(missing)
    if cancelled or not missing:
        typer.echo(f"{count(cancelled, 'timer')} cancelled.")
    if missing and ids:
        raise FleetError(_missing(map(_id, missing)))


def fire(ids: Ids = None, *, bot: OfBot = None, everything: Everything = False) -> None:
    """Have timers fire at once: their turns come after what waits in their conversations."""
    _check_choice(ids, bot, everything=everything)

    async def action(access: Access) -> tuple[int, list[KeptTimer], bool]:
        chosen = await _choose(access, ids, bot)
        missing = [
            one for one in chosen if not await access.timers.fire(one.conversation, one.name)
        ]
        return len(chosen) - len(missing), missing, bool(await access.replicas.living())

    fired, missing, is_served = run(action)
    if fired or not missing:
        wait = "" if is_served else NO_REPLICA
        typer.echo(f"Due now: {count(fired, 'timer')}{wait}.")
    if missing and ids:
        raise FleetError(_missing(map(_id, missing)))


async def timers_of(access: Access, bot_id: int) -> list[KeptTimer]:
    """Give those of a bot, and those of its jobs."""
    return [timer async for timer in access.timers.all() if timer.bot_id == bot_id]


async def cancel_timers(access: Access, bot: str, bot_id: int) -> None:
    """Cancel them, and say how many there were."""
    timers = await timers_of(access, bot_id)
    for timer in timers:
        await access.timers.write(_cancelled(timer))
    if timers:
        typer.echo(f"{count(len(timers), 'timer')} of {bot} cancelled.")


def _cancelled(timer: KeptTimer) -> TimerWrite:
    return TimerWrite(timer.conversation, timer.name, None, b"")


def _id(timer: KeptTimer) -> str:
    return f"{timer.conversation}/{timer.name}"


async def _kept(access: Access, bot: str | None) -> list[KeptTimer]:
    wanted = bot and await bot_id(access, bot)
    return [
        timer
        async for timer in access.timers.all()
        if not timer.is_job and wanted in (None, timer.bot_id)
    ]


async def _choose(access: Access, ids: list[str] | None, bot: str | None) -> list[KeptTimer]:
    return [_read(one) for one in dict.fromkeys(ids)] if ids else await _kept(access, bot)


def _read(given: str) -> KeptTimer:
    found = ID.fullmatch(given)
    if not found:
        raise FleetError(_missing([given]))
    timer = KeptTimer(found[1], found[2], 0)
    if timer.is_job:
        raise FleetError(
            f"{given} is a job: `fleet jobs run {timer.name}` has it run now; "
            "to end it, take its handler out"
        )
    return timer


def _check_choice(ids: list[str] | None, bot: str | None, *, everything: bool) -> None:
    if [bool(ids), bot is not None, everything].count(True) != 1:
        raise typer.BadParameter("name timers by their ids, or say --bot or --all")


def _missing(ids: Iterable[str]) -> str:
    return f"there is no timer {', '.join(ids)}; `fleet timers list` shows them"
