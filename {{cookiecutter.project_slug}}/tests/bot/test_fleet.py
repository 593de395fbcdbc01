"""What wants the `fleet` finds it in tests, too: hooks and handlers."""

import pytest
from aiogram import Dispatcher
from aiogram.filters import Command
from aiogram.types import Message

from fleet.bots.fleet import Fleet
from sandbox.testing import NewUser

pytestmark = pytest.mark.in_process


@pytest.fixture
def dispatcher(dispatcher: Dispatcher) -> Dispatcher:
    seen: list[str] = []

    async def on_startup(fleet: Fleet) -> None:
        seen.extend(str(bot.role) for bot in await fleet.bots())

    async def tell(message: Message, fleet: Fleet) -> None:
        [shop, support] = sorted(await fleet.bots(), key=lambda bot: str(bot.role))
        await fleet.pause(shop.id)
        states = [bot.state for bot in await fleet.bots() if bot.id in (shop.id, support.id)]
        await message.answer(f"{', '.join(sorted(seen))}: {', '.join(sorted(states))}")

    dispatcher.startup.register(on_startup)
    dispatcher.message.register(tell, Command("fleet"))
    return dispatcher


async def test_the_fleet_of_a_test_is_that_of_the_example(user: NewUser) -> None:
    assert (await user("Alice").ask("/fleet")).text == "shop, support: paused, stopped"
