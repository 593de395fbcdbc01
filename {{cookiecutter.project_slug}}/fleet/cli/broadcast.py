"""Broadcasts: one message to many chats of a bot."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fleet.bots.fleet import BotInfo, FleetError
from fleet.broadcast import Audience, Broadcast, in_short
from fleet.cli.access import Access, run
from fleet.cli.addressing import read_audience, read_chats, read_message
from fleet.cli.output import AsJson, count, create_console, plain, print_json, print_table, utc

HELP = """Send one message to many chats of a bot; look at it, pause, resume and cancel it.

All replicas send it, `BULK_RATE` messages a second for each bot. Who gets it is fixed when it is
sent. Whoever dies, no chat gets it twice.
"""
LOOK = 0.5
"""Seconds between two looks how far it is."""

Name = Annotated[
    str, typer.Argument(metavar="ID", help="As the list shows it.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class _Planned:
    """What scripts get of one that would be sent."""

    bot_id: int
    total: int


def create_app() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")
    app.command()(send)
    app.command("list")(show_all)
    app.command()(show)
    app.command()(pause)
    app.command()(resume)
    app.command()(cancel)
    return app


def send(
    *,
    bot: Annotated[
        str | None,
        typer.Option("--bot", metavar="ID", help="To chats of this bot.", show_default=False),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="To chats of all bots with this role.", show_default=False),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="What it says, as it is.", show_default=False)
    ] = None,
    copy: Annotated[
        str | None,
        typer.Option(
            metavar="CHAT:MESSAGE",
            help="A message that is copied, with any content.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option(help="all, private, groups, channels, active=30d; several with commas."),
    ] = "all",
    chats: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Chats instead: an id in each line, or what `fleet chats export` writes.",
            show_default=False,
        ),
    ] = None,
    paid: Annotated[
        int,
        typer.Option(metavar="STARS", min=0, help="What it may cost to go faster; of each bot."),
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many chats would get it.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a message to the chats that a bot knows and can reach, and show how far it is."""
    if [bot, role].count(None) != 1:
        raise typer.BadParameter("say --bot or --role, one of them")
    message = read_message(text, copy)
    audience: Audience | list[int] = read_audience(to) if chats is None else read_chats(chats)

    planned = run(lambda access: _plan(access, bot, role, audience))
    if dry_run:
        _print_planned(planned, as_json=as_json)
        return
    names = run(lambda access: _send(access, planned, message, audience, paid))
    if not detach:
        try:
            run(lambda access: _follow(access, names))
        except KeyboardInterrupt:
            named = " ".join(names)
            typer.echo(f"It goes on without you: see `fleet broadcast show {named}`.", err=True)
    found = run(lambda access: _find_all(access, names))
    if as_json:
        print_json(found)
        return
    for broadcast in found:
        _print_result(broadcast)


def show_all(*, as_json: AsJson = False) -> None:
    """List those that have not ended, and those that have within 30 days; the newest first."""
    found = run(lambda access: access.fleet.broadcasts.all())
    if as_json:
        print_json(found)
    elif found:
        print_table(
            ("ID", "Bot", "State", "Sent", "Of", "Blocked", "Failed", "Uncertain", "Message"),
            [
                (
                    *(one.id, str(one.bot_id), one.state, f"{one.sent:,}", f"{one.total:,}"),
                    *(f"{one.blocked:,}", f"{one.failed:,}", f"{one.uncertain:,}"),
                    in_short(one.message),
                )
                for one in found
            ],
        )
    else:
        typer.echo("There are no broadcasts.")


def show(name: Name, *, as_json: AsJson = False) -> None:
    """Show how far one is, and what came of it."""

    async def action(access: Access) -> tuple[Broadcast, list[int]]:
        return await _find(access, name), await access.fleet.broadcasts.uncertain(name)

    found, uncertain = run(action)
    if as_json:
        print_json({**asdict(found), "uncertain_chats": uncertain})
        return
    _print_result(found)
    if uncertain:
        typer.echo(f"Uncertain: {', '.join(map(str, uncertain))}")


def pause(name: Name) -> None:
    """Let one rest: within a second or two nothing is sent any more."""
    run(lambda access: _change(access, name, access.fleet.broadcasts.pause(name)))
    typer.echo(f"{name} rests.")


def resume(name: Name) -> None:
    """Let one go on."""
    run(lambda access: _change(access, name, access.fleet.broadcasts.resume(name)))
    typer.echo(f"{name} goes on.")


def cancel(name: Name) -> None:
    """End one: the chats that have not got it yet do not get it."""
    run(lambda access: _change(access, name, access.fleet.broadcasts.cancel(name)))
    typer.echo(f"{name} is cancelled.")


async def _choose(access: Access, bot: str | None, role: str | None) -> list[BotInfo]:
    if bot is not None:
        return [await access.find(bot)]
    found = [one for one in await access.fleet.bots() if one.role == role]
    if not found:
        raise FleetError(f"no bot has the role {role}; `fleet list` shows those there are")
    return found


async def _plan(
    access: Access, bot: str | None, role: str | None, audience: Audience | list[int]
) -> list[_Planned]:
    planned = []
    for one in await _choose(access, bot, role):
        if isinstance(audience, Audience):
            total = await access.fleet.broadcasts.count(one.id, audience)
        else:
            total = len(audience)
        planned.append(_Planned(one.id, total))
    if not any(one.total for one in planned):
        raise FleetError(
            "nobody would get it: there is no such chat that the bot knows and can reach; "
            "`fleet chats count` shows those it knows"
        )
    return planned


async def _send(
    access: Access,
    planned: list[_Planned],
    message: dict[str, Any],
    to: Audience | list[int],
    paid: int,
) -> list[str]:
    send = access.fleet.broadcasts.send
    return [await send(one.bot_id, message, to, paid=paid) for one in planned if one.total]


async def _find_all(access: Access, names: list[str]) -> list[Broadcast]:
    return [await _find(access, name) for name in names]


async def _find(access: Access, name: str) -> Broadcast:
    found = await access.fleet.broadcasts.get(name)
    if found is None:
        raise FleetError(
            f"there is no broadcast {name}; `fleet broadcast list` shows those there are"
        )
    return found


async def _change(access: Access, name: str, change: Any) -> None:
    if not await change:
        found = await _find(access, name)
        raise FleetError(f"{name} has ended: it is {found.state}")


async def _follow(access: Access, names: Iterable[str]) -> None:
    """Show how far they are until they have ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    screen = Console(stderr=True)
    bars = Progress(*columns, TimeRemainingColumn(), console=screen, disable=not screen.is_terminal)
    with bars:
        ids = {name: bars.add_task(name, total=None) for name in names}
        while ids:
            for name, bar in list(ids.items()):
                one = await _find(access, name)
                bars.update(
                    bar,
                    total=one.total,
                    completed=one.over,
                    description=f"{name} of bot {one.bot_id}: {one.state}",
                )
                if one.state.has_ended:
                    del ids[name]
            await asyncio.sleep(LOOK if ids else 0)


def _print_planned(planned: list[_Planned], *, as_json: bool) -> None:
    if as_json:
        print_json(planned)
        return
    for one in planned:
        typer.echo(f"Bot {one.bot_id}: {count(one.total, 'chat')} would get it.")


def _print_result(one: Broadcast) -> None:
    console = create_console()
    console.print(plain(f"{one.id}: {in_short(one.message)}"))
    ended = f", ended {utc(one.ended_at)}" if one.ended_at else ""
    console.print(f"Bot {one.bot_id}, {one.state}; sent {utc(one.created_at)} UTC{ended}")
    console.print(
        f"{count(one.total, 'chat')}: {one.sent:,} sent, {one.blocked:,} blocked, "
        f"{one.failed:,} failed, {one.uncertain:,} uncertain"
    )
    for reason, number in one.reasons.items():
        console.print(plain(f"{reason}: {number:,}"))
