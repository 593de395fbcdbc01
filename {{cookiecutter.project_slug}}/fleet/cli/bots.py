"""Which bots there are, and changes to them."""

import asyncio
import getpass
import sys
from typing import Annotated

import typer

from fleet.bots.fleet import BotInfo, FleetError
from fleet.bots.member import BotState
from fleet.bots.registry import NO_KEY, NoSecretKeyError
from fleet.cli.access import Access, run
from fleet.cli.drop import delete_waiting, has_left
from fleet.cli.output import (
    AsJson,
    Names,
    bots_table,
    count,
    create_console,
    name,
    print_json,
    spinner,
)
from fleet.cli.timers import cancel_timers
from fleet.settings import load_settings

TAKES_EFFECT = 2.0
"""Seconds until all replicas know of a change."""


def show(*, as_json: AsJson = False) -> None:
    """List the bots: id, username, role and state."""
    bots = run(lambda access: access.fleet.bots())
    if as_json:
        print_json(bots)
    else:
        create_console().print(bots_table(bots))


def add(
    token: Annotated[
        str | None,
        typer.Argument(
            metavar="TOKEN",
            show_default=False,
            help="As @BotFather gave it. Best left out: then it is asked for, unseen. "
            "With -, or from a pipe, it is read from stdin.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            "-r",
            show_default=False,
            help="The bot's role in handlers. Without it, a bot of the fleet keeps its own; "
            '"" takes it away.',
        ),
    ] = None,
) -> None:
    """Add a bot, or give one of the fleet a new token or role.

    Type `fleet add` alone and paste the token when asked: so it is neither in the shell's history
    nor in the list of processes, as it would be on the command line. In a script:
    `fleet add - < file`.

    Telegram is asked whether the token is valid. It is stored in Redis, encrypted with SECRET_KEY,
    and counts more than BOT_TOKENS: a token that @BotFather has renewed needs no restart.
    """
    settings = load_settings()
    if settings.secret_key is None:
        raise NoSecretKeyError(NO_KEY)
    given = _read_token(token)

    async def action(access: Access) -> tuple[BotInfo, bool]:
        with spinner("Asking Telegram about the token"):
            bot = await access.fleet.add(given, role)
        return bot, bool(await access.replicas.living())

    bot, is_served = run(action, settings)
    duty = f", role {bot.role}" if bot.role else ""
    when = "it answers within two seconds" if is_served else "no replica runs now; it waits for one"
    if bot.state is BotState.PAUSED:
        when = f"it is still paused: fleet resume {bot.id}"
    typer.echo(f"{name(bot)} is in the fleet{duty}; {when}.")


def remove(
    names: Names,
    *,
    drop_waiting: Annotated[
        bool,
        typer.Option("--drop-waiting", help="Delete what waits for it, and its timers, too."),
    ] = False,
) -> None:
    """Remove bots that were added with `fleet add`.

    Updates that still wait for a removed bot stay, and count for INBOX_LIMIT: they get their turns
    if it is added again, and so do its timers; `--drop-waiting` deletes all of them, also later.
    What Telegram has not delivered yet stays with Telegram for a day.

    A bot of BOT_TOKENS or BOT_TOKENS_FILE is removed there; here it can be paused.
    """

    async def action(access: Access) -> None:
        for given in names:
            if drop_waiting and await has_left(access, given):
                await cancel_timers(access, f"bot {given}", int(given))
                await delete_waiting(access, f"bot {given}", int(given))
                continue
            bot = await access.find(given)
            if not await access.fleet.remove(bot.id):
                typer.echo(f"{name(bot)} goes on as BOT_TOKENS or BOT_TOKENS_FILE say.")
                continue
            typer.echo(f"{name(bot)} is removed.")
            if drop_waiting:
                with spinner("Waiting until all replicas have let go of it"):
                    await asyncio.sleep(TAKES_EFFECT)
                await cancel_timers(access, name(bot), bot.id)
                await delete_waiting(access, name(bot), bot.id)
            elif waiting := (await access.inbox.sizes()).get(bot.id):
                typer.echo(
                    f"{count(waiting, 'update')} still wait for it, in case it is added again; "
                    f"to delete them: fleet remove --drop-waiting {bot.id}"
                )

    run(action)


def pause(names: Names) -> None:
    """Let bots rest: their updates wait, in order, until `fleet resume`.

    Telegram keeps what comes meanwhile for a day when polling; with webhooks the inbox takes it.
    """

    async def action(access: Access) -> None:
        for bot in [await access.find(given) for given in names]:
            await access.fleet.pause(bot.id)
            typer.echo(f"{name(bot)} is paused; {_backlog(bot)}.")

    run(action)


def resume(names: Names) -> None:
    """Let paused bots work again: what waits gets its turns in order."""

    async def action(access: Access) -> None:
        for bot in [await access.find(given) for given in names]:
            await access.fleet.resume(bot.id)
            typer.echo(f"{name(bot)} works again; {_backlog(bot)}.")

    run(action)


def _read_token(given: str | None) -> str:
    if given not in (None, "-"):
        return str(given)
    if given is None and sys.stdin.isatty():
        return getpass.getpass("Token from @BotFather (it is not shown): ").strip()
    token = sys.stdin.read().strip()
    if not token:
        raise FleetError("no token came from stdin")
    return token


def _backlog(bot: BotInfo) -> str:
    return f"{count(bot.backlog, 'update')} waiting" if bot.backlog else "no updates wait"
