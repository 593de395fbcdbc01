"""Dead letters: updates that could not be handled."""

from typing import Annotated, NamedTuple, Self

import typer

from fleet.bots.fleet import FleetError
from fleet.cli.access import Access, run
from fleet.cli.output import (
    AsJson,
    Everything,
    Ids,
    Yes,
    count,
    create_console,
    plain,
    pretty,
    print_json,
    print_json_list,
    print_table,
    utc,
)
from fleet.inbox.letters import LONGEST_ERROR, DeadLetter, shorten

HELP = """Look at updates that could not be handled; replay or drop them.

An update becomes a dead letter when its handler raises or takes too long, when aiogram cannot read
it, or when the process died in each of its turns. The newest are kept: 1 MB in each
shard.
"""


def create_app() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")
    app.command("list")(show_all)
    app.command("show")(show)
    app.command()(replay)
    app.command()(drop)
    return app


def show_all(*, as_json: AsJson = False) -> None:
    """List the dead letters, oldest first. With --json, updates and tracebacks are there, too."""
    if as_json:
        run(lambda access: print_json_list(access.inbox.letters.all()))
        return

    async def action(access: Access) -> list[_Row]:
        return [_Row.of(letter) async for letter in access.inbox.letters.all()]

    rows = sorted(run(action), key=lambda row: row.time)
    if rows:
        print_table(("ID", "Bot", "Conversation", "Time (UTC)", "Error"), rows)
    else:
        typer.echo("There are no dead letters.")


def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter with its traceback and update."""
    letter = run(lambda access: access.inbox.letters.find(letter_id))
    if letter is None:
        raise FleetError(_missing([letter_id]))
    if as_json:
        print_json(letter)
        return
    console = create_console()
    console.print(f"Bot {letter.bot_id}, {letter.failed_at.isoformat(' ', 'seconds')}")
    console.print(plain(f"Conversation {letter.conversation}"))
    console.print(plain(letter.traceback or letter.error, lines=True))
    console.print(pretty(letter.update))


def replay(ids: Ids = None, *, everything: Everything = False) -> None:
    """Give the updates of dead letters another turn, after what waits in their conversations.

    Best after the fault in the handler was mended. What fails again is a dead letter again.
    """
    _check_choice(ids, everything=everything)

    async def action(access: Access) -> tuple[int, list[str]]:
        chosen = await _choose(access, ids)
        missing = [letter for letter in chosen if not await access.inbox.letters.replay(letter)]
        return len(chosen) - len(missing), missing

    replayed, missing = run(action)
    if replayed or not missing:
        typer.echo(f"{count(replayed, 'update')} back in the inbox.")
    if missing:
        raise FleetError(_missing(missing))


def drop(ids: Ids = None, *, everything: Everything = False, yes: Yes = False) -> None:
    """Delete dead letters for good."""
    _check_choice(ids, everything=everything)
    chosen = run(lambda access: _choose(access, ids))
    if chosen and not yes:
        typer.confirm(f"Delete {count(len(chosen), 'dead letter')} for good?", abort=True, err=True)

    async def action(access: Access) -> list[str]:
        return [letter for letter in chosen if not await access.inbox.letters.drop(letter)]

    missing = run(action)
    dropped = len(chosen) - len(missing)
    if dropped or not missing:
        typer.echo(f"{count(dropped, 'dead letter')} deleted.")
    if missing and not everything:
        raise FleetError(_missing(missing))


class _Row(NamedTuple):
    """What the list shows of a letter, which as a whole may be large."""

    id: str
    bot: str
    conversation: str
    time: str
    error: str

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        return cls(
            letter.id,
            str(letter.bot_id),
            letter.conversation.partition(":")[2],
            utc(letter.failed_at),
            shorten(letter.error, LONGEST_ERROR),
        )


async def _choose(access: Access, ids: list[str] | None) -> list[str]:
    """Give the ids that were named, or all there are now: what fails meanwhile is left alone."""
    return list(dict.fromkeys(ids or [letter.id async for letter in access.inbox.letters.all()]))


def _check_choice(ids: list[str] | None, *, everything: bool) -> None:
    if bool(ids) == everything:
        raise typer.BadParameter("name dead letters by their ids, or say --all")


def _missing(ids: list[str]) -> str:
    return f"there is no dead letter {', '.join(ids)}; `fleet dead-letters list` shows them"
