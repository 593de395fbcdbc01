"""`fleet …`: manage a running fleet through Redis.

It starts without aiogram, whose import takes two seconds.
"""

import sys
from typing import NoReturn

import typer

from fleet.bots.fleet import FleetError
from fleet.bots.registry import NoSecretKeyError
from fleet.cli import bots, broadcast, chats, drop, jobs, letters, status, timers
from fleet.ops.logging import redact
from fleet.settings import SettingsError

__all__ = ["main"]

CANNOT_BE_DONE = 1
WRONG_USE = 2
"""Also for wrong settings."""

HELP = """Manage a running fleet of bots.

Works through Redis, with the settings of the service: the environment, or `.env` in the working
directory. A change takes effect on all replicas within two seconds, without a restart.
A bot is named by its id or by its @username.

Exit codes: 0 done, 1 cannot be done, 2 wrong use or a wrong setting.
"""


def create_app() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        # A traceback with the values of variables would show tokens.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command("list")(bots.show)
    app.command()(status.status)
    app.command()(bots.add)
    app.command()(bots.remove)
    app.command()(bots.pause)
    app.command()(bots.resume)
    app.command()(drop.drop)
    app.add_typer(letters.create_app(), name="dead-letters")
    app.add_typer(timers.create_app(), name="timers")
    app.add_typer(jobs.create_app(), name="jobs")
    app.add_typer(chats.create_app(), name="chats")
    app.add_typer(broadcast.create_app(), name="broadcast")
    return app


def main() -> NoReturn:
    """Run the command that the arguments name, and leave the process with its exit code."""
    try:
        code = create_app()(prog_name="fleet", standalone_mode=False)
    except typer.TyperException as error:
        # Without a message it has shown the help.
        message = error.format_message()
        context = getattr(error, "ctx", None)  # of the command that was meant, if that is known
        command = context.command_path if context else "fleet"
        code = _say(f"{message} (see {command} --help)", WRONG_USE) if message else WRONG_USE
    except (SettingsError, NoSecretKeyError) as error:
        code = _say(str(error), WRONG_USE)
    except FleetError as error:
        code = _say(str(error), CANNOT_BE_DONE)
    except typer.Abort:
        code = _say("nothing was done", CANNOT_BE_DONE)
    sys.exit(code if isinstance(code, int) else 0)


def _say(text: str, code: int) -> int:
    typer.echo(redact(text), err=True)
    return code
