"""Time that passes when somebody says so."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.world import World

LONGEST = 10 * 366 * 86400
"""Seconds by which the clock can be moved at once."""


async def advance(world: World, seconds: float) -> Json:
    """The clock goes forward, as if time had passed: dates are later, polls and bans end, timers of
    the service fire. It hears of it by an update that Telegram does not have, `clock`."""
    if not 0 < seconds <= LONGEST:
        raise ControlError("seconds: write more than 0, up to ten years; time does not go back")
    world.clock.advance(seconds)
    for bot in world.bots.values():
        bot.enter([{"clock": {"advanced_by": seconds}}])
    described = world.clock.describe()
    world.events.tell("clock", **described)
    return described


COMMANDS = (advance,)
