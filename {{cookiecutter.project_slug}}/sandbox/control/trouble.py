"""Trouble on purpose."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.faults import Fault
from sandbox.world.limits import Rates
from sandbox.world.world import World


async def fault(
    world: World,
    kind: str,
    bot_id: int | None = None,
    method: str | None = None,
    seconds: float | None = None,
    times: int | None = None,
    retry_after: int = 1,
    chat_id: int | None = None,
    text: str | None = None,
) -> Json:
    """Calls that match fail from now on, with the code `kind` and the description `text`."""
    struck = Fault(kind, bot_id, method, chat_id, text, times, retry_after)
    world.add_fault(struck, seconds)
    return {}


async def faults(world: World) -> list[Json]:
    """Those in force."""
    return world.faults.describe()


async def clear_faults(world: World) -> Json:
    """Ends all of them."""
    world.faults.clear()
    return {}


async def limits(
    world: World,
    *,
    on: bool | None = None,
    chat: float = Rates.chat,
    burst: int = Rates.burst,
    group: int = Rates.group,
    bulk: int = Rates.bulk,
) -> Json:
    """Telegram's flood control is on from now on, with these rates, or off. Answers how things
    stand; without `on` it does nothing else."""
    if on is not None:
        rates = Rates(chat, burst, group, bulk)
        if min(chat, burst, group, bulk) <= 0:
            raise ControlError("limits: a rate is above zero")
        world.limits.set(rates if on else None)
    return world.limits.describe()


async def revoke(world: World, bot_id: int) -> Json:
    """Makes the bot's token invalid."""
    world.bot(bot_id).revoke()
    return {}


async def restore(world: World, bot_id: int) -> Json:
    """Makes it valid again."""
    world.bot(bot_id).restore()
    return {}


async def rotate(world: World, bot_id: int) -> Json:
    """Makes another token the valid one."""
    return {"token": world.rotate(world.bot(bot_id))}


COMMANDS = (fault, faults, clear_faults, limits, revoke, restore, rotate)
