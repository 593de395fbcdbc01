"""Deleting what waits for a bot: updates, and timers that are due."""

import typer

from fleet.cli.access import Access, run
from fleet.cli.output import Names, Yes, count, name, spinner
from fleet.cli.timers import timers_of


def drop(names: Names, *, yes: Yes = False) -> None:
    """Delete the updates that wait for bots, also for those of BOT_TOKENS.

    So are timers and jobs that are due and wait; later ones stay. Turns in hand come to their end.
    A job leaves out this turn alone: within ten minutes, or when its bot is resumed, it is in
    `fleet jobs list` again, with its next time by the clock.
    What Telegram has not delivered yet, as to a paused bot that is polled, comes later; at start,
    DROP_PENDING_UPDATES drops that, too.
    """

    async def look(access: Access) -> tuple[dict[int, str], int]:
        sizes = await access.inbox.sizes()
        bots = dict([await _called(access, given) for given in names])
        return bots, sum(sizes.get(bot, 0) for bot in bots)

    bots, waiting = run(look)
    if waiting and not yes:
        what = f"{count(waiting, 'update')} of {', '.join(bots.values())}"
        question = f"Delete {what}, timers that are due included, for good?"
        typer.confirm(question, abort=True, err=True)

    async def action(access: Access) -> None:
        for bot_id, called in bots.items():
            await delete_waiting(access, called, bot_id)

    run(action)


async def delete_waiting(access: Access, bot: str, bot_id: int) -> None:
    """Do it, and say how many there were."""
    with spinner(f"Deleting what waits for {bot}"):
        dropped = await access.inbox.drop_waiting(bot_id)
    what = count(dropped.updates, "waiting update")
    if dropped.timers:
        what += f" and {count(dropped.timers, 'due timer')}"
    typer.echo(f"{what} of {bot} deleted.")


async def has_left(access: Access, given: str) -> bool:
    """Tell whether it is the id of a bot that has left the fleet, but not without a trace."""
    if not given.isdecimal() or any(bot.id == int(given) for bot in await access.fleet.bots()):
        return False
    return int(given) in await access.inbox.sizes() or bool(await timers_of(access, int(given)))


async def _called(access: Access, given: str) -> tuple[int, str]:
    """Give the id of a bot, and what to call it. Raises `FleetError` if there is nothing of it."""
    if await has_left(access, given):
        return int(given), f"bot {given}"
    bot = await access.find(given)
    return bot.id, name(bot)
