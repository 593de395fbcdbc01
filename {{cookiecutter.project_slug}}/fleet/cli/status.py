"""How the fleet is, once or as a live table."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fleet.bots.fleet import BotInfo
from fleet.bots.member import BotState
from fleet.cli.access import Access, run
from fleet.cli.output import (
    AsJson,
    ago,
    count,
    create_console,
    create_table,
    plain,
    print_json,
    state,
)
from fleet.redis.errors import describe
from fleet.telegram.gate import listed

INTERVAL = 1.0
"""Seconds between two looks."""
PATIENCE = 3.0
"""Seconds that one look may take."""
FURNITURE = 4
"""Lines of the live display that show neither bots nor gates."""
GATES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The fleet at one moment."""

    replicas: list[str]
    waiting: int
    """Updates, also of bots that have left the fleet."""
    dead_letters: int
    timers: int
    """Those of jobs, too."""
    gates: list[dict[str, Any]]
    """What Telegram has shut by flood control: see `listed`."""
    bots: list[BotInfo]


def status(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on, second by second, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how each bot is: state, replica that polls it, backlog, last update, last error.

    Below it, what Telegram has shut by flood control, and for how long.
    """
    console = create_console()
    if watch and as_json:
        raise typer.BadParameter("--json prints one answer: leave --watch out")
    if watch and not console.is_terminal:
        raise typer.BadParameter("--watch needs a terminal: leave it out, or use --json")
    if watch:
        run(lambda access: _watch(access, console))
        return
    snapshot = run(_look)
    if as_json:
        print_json(snapshot)
    else:
        parts = _summary(snapshot), _table(snapshot.bots), *_gates(snapshot, GATES_SHOWN)
        console.print(*parts, sep="\n")


async def _look(access: Access) -> Snapshot:
    return Snapshot(
        replicas=sorted(await access.replicas.living()),
        waiting=sum((await access.inbox.sizes()).values()),
        dead_letters=await access.inbox.letters.count(),
        timers=await access.timers.count(),
        gates=listed(await access.gates.look()),
        bots=await access.fleet.bots(),
    )


async def _watch(access: Access, console: Console) -> None:
    view: Group | Text = Text()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    snapshot = await _look(access)
            except (RedisError, TimeoutError) as error:
                said = describe(error) if isinstance(error, RedisError) else "Redis is away"
                live.update(Group(Text(f"{said}.", style="red"), view), refresh=True)
            else:
                view = _view(snapshot, console.height - FURNITURE)
                live.update(view, refresh=True)
            await asyncio.sleep(INTERVAL)


def _view(snapshot: Snapshot, rows: int) -> Group:
    most = min(GATES_SHOWN, rows // 4)
    gates = _gates(snapshot, most)
    rows -= min(len(snapshot.gates), most) + len(gates)
    if len(snapshot.bots) <= rows:
        return Group(_summary(snapshot), _table(snapshot.bots), *gates)
    worst = sorted(
        snapshot.bots, key=lambda bot: (bot.state is BotState.RUNNING, -(bot.backlog or 0))
    )
    rest = Text(f"… and {len(snapshot.bots) - rows:,} more, in less trouble", style="dim")
    return Group(_summary(snapshot), _table(worst[:rows]), rest, *gates)


def _gates(snapshot: Snapshot, most: int) -> list[Table | Text]:
    if not snapshot.gates:
        return []
    table = create_table("Bot", "Shut by flood control", "Opens in")
    for gate in snapshot.gates[:most]:
        what = f"chat {gate['chat']}" if gate["chat"] else gate["method"] or "the whole bot"
        table.add_row(str(gate["bot_id"]), plain(what), f"{gate['seconds']:,.0f} s")
    more = len(snapshot.gates) - most
    return [table, Text(f"… and {more:,} more", style="dim")] if more > 0 else [table]


def _summary(snapshot: Snapshot) -> Text:
    replicas = ", ".join(snapshot.replicas) or "none runs"
    return Text.assemble(
        ("Replicas: ", "bold"),
        (replicas, "" if snapshot.replicas else "red"),
        f" · {count(len(snapshot.bots), 'bot')}",
        f" · {count(snapshot.waiting, 'update')} waiting",
        f" · {count(snapshot.dead_letters, 'dead letter')}",
        f" · {count(snapshot.timers, 'timer')}",
    )


def _table(bots: list[BotInfo]) -> Table:
    table = create_table(
        "ID", "Bot", "Role", "State", "Replica", "Backlog", "Last update", "Last error"
    )
    for bot in bots:
        table.add_row(
            str(bot.id),
            plain(f"@{bot.username}" if bot.username else "–"),
            plain(bot.role or "–"),
            state(bot),
            bot.polled_by or "–",
            "?" if bot.backlog is None else f"{bot.backlog:,}",
            ago(bot.last_update_at),
            plain(bot.error or ""),
        )
    return table
