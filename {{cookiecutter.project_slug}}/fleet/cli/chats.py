"""Chats: those that each bot knows."""

import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from fleet.cli.access import Access, bot_id, run
from fleet.cli.output import AsJson, print_json, print_json_list, print_table
from fleet.directory import Chat, ChatCount

HELP = """Look at the directory: the chats that each bot knows, and which of them it can reach.

It is fed by what the bots receive and are answered, unless `DIRECTORY=off`.
"""
_HEADER = "id,type,last_update,unreachable"


@dataclass(frozen=True, slots=True)
class _Row(ChatCount):
    """What scripts get of a bot."""

    bot_id: int


def create_app() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")
    app.command()(count)
    app.command()(export)
    return app


def count(
    *,
    bot: Annotated[
        str | None,
        typer.Option("--bot", metavar="ID", help="Of this bot alone.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count the chats of each bot: those it can reach by type, the others by reason."""

    async def action(access: Access) -> list[_Row]:
        if bot is not None:
            bots = [await bot_id(access, bot)]
        else:
            bots = [info.id for info in await access.fleet.bots()]
        return [_Row(**asdict(await access.fleet.chats.count(one)), bot_id=one) for one in bots]

    rows = run(action)
    if as_json:
        print_json(rows)
        return
    names = ("total", "private", "groups", "channels", "blocked", "deactivated", "kicked")
    print_table(
        ("Bot", *(name.capitalize() for name in names)),
        [(str(row.bot_id), *(f"{getattr(row, name):,}" for name in names)) for row in rows],
    )


def export(
    *,
    bot: Annotated[
        str, typer.Option("--bot", metavar="ID", help="Of this bot.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Write the chats of a bot, one a line: id, type, day of the last update, why not reachable."""

    async def action(access: Access) -> None:
        chats = access.fleet.chats.all(await bot_id(access, bot))
        await (print_json_list(chats) if as_json else _print_lines(chats))

    run(action)


async def _print_lines(chats: AsyncIterator[Chat]) -> None:
    sys.stdout.write(_HEADER + "\n")
    async for chat in chats:
        sys.stdout.write(f"{chat.id},{chat.type},{chat.last_update},{chat.unreachable or ''}\n")
