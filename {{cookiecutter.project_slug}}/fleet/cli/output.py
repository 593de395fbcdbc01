"""What commands print: tables for people, JSON for scripts."""

import json
import sys
from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleet.bots.fleet import BotInfo
from fleet.bots.member import BotState

PAGE = 500
"""Rows of a long table that are laid out at a time."""
WIDE = 240
"""Columns of a table that goes into a file or a pipe: nothing in it is cut."""

Names = Annotated[
    list[str], typer.Argument(metavar="ID", help="Ids or @usernames.", show_default=False)
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Ids as the list shows them.", show_default=False),
]
Everything = Annotated[bool, typer.Option("--all", help="All there are.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

_STYLES: dict[str, str] = {
    BotState.RUNNING: "green",
    BotState.STARTING: "yellow",
    BotState.PAUSED: "cyan",
    BotState.FLOOD_WAIT: "yellow",
}
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def create_console() -> Console:
    """Make a console for stdout."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def spinner(doing: str) -> AbstractContextManager[object]:
    """Show on the terminal what takes so long, until the block ends."""
    return Console(stderr=True).status(Text(doing))


def print_json(content: Any) -> None:
    """Print dataclasses and what else JSON can hold."""
    sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")


async def print_json_list(items: AsyncIterable[Any]) -> None:
    """Print the same as `print_json` of a list, but item by item, as they come."""
    before = "[\n"
    async for item in items:
        text = orjson.dumps([item], option=orjson.OPT_INDENT_2).decode()
        sys.stdout.write(before + text.removeprefix("[\n").removesuffix("\n]"))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def create_table(*columns: str) -> Table:
    """Make a table in which only the last column, as a rule an error, is folded."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    return table


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that may be long: page by page, as rich takes kilobytes for a cell."""
    console = create_console()
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    for at in range(0, len(rows), PAGE):
        table = create_table(*header)
        table.show_header = at == 0
        for column, width in zip(table.columns[:-1], widths, strict=False):
            column.min_width = width
        for row in rows[at : at + PAGE]:
            table.add_row(*map(plain, row))
        console.print(table)


def plain(text: object, *, lines: bool = False) -> Text:
    """Make text of others harmless: no control characters, no markup; newlines only if wanted."""
    kept = "\n\t" if lines else ""
    return Text("".join(c if c.isprintable() or c in kept else " " for c in str(text)))


def state(bot: BotInfo) -> Text:
    text = plain(bot.state)
    text.stylize(_STYLES.get(bot.state, "red"))
    return text


def name(bot: BotInfo) -> str:
    """Name a bot in a sentence."""
    return f"@{bot.username} ({bot.id})" if bot.username else f"bot {bot.id}"


def ago(moment: str | None) -> str:
    """Tell how long a moment (ISO 8601) is past."""
    if moment is None:
        return "–"
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s ago"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    return f"{seconds // _HOUR} h ago" if seconds < _DAY else f"{seconds // _DAY} days ago"


def utc(moment: datetime) -> str:
    """Show a moment that has a time zone in a column that says UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def bots_table(bots: Iterable[BotInfo]) -> Table:
    table = create_table("ID", "Bot", "Role", "State", "Error")
    for bot in bots:
        username = f"@{bot.username}" if bot.username else "–"
        table.add_row(
            str(bot.id), plain(username), plain(bot.role or "–"), state(bot), plain(bot.error or "")
        )
    return table


def pretty(update: dict[str, Any]) -> Text:
    """Show an update as indented JSON; what would steer the terminal is escaped in it."""
    return plain(json.dumps(update, indent=2, ensure_ascii=False), lines=True)
