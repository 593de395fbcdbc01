"""`/start`, `/help` and the echo."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.types import TelegramObject

from fleet.bots.role import role_data
from sandbox.testing import BotUnderTest, NewUser

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0"
"""The beginning of a picture of one pixel."""


async def test_start_names_the_bot_and_its_role(user: NewUser) -> None:
    for role in ("support", "shop"):
        alice = user("Alice", bot=role)
        greeting = await alice.ask("/start")
        assert f"Hello, Alice! I am @{alice.bot.username}, the {role} bot." in greeting.text


@pytest.mark.in_process
class TestWithoutRole:
    @pytest.fixture
    def bots(self) -> dict[str, BotUnderTest]:
        return {"plain": BotUnderTest(f"1000003:{'p' * 35}", role_data(None))}

    async def test_start_names_the_bot_alone(self, user: NewUser) -> None:
        alice = user("Alice")
        greeting = await alice.ask("/start")
        assert f"I am @{alice.bot.username}. /help" in greeting.text


@pytest.mark.in_process
class TestAnotherRole:
    """A middleware of the project uses the name `role` for the users'."""

    @pytest.fixture
    def dispatcher(self, dispatcher: Dispatcher) -> Dispatcher:
        async def look_up(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
            data["role"] = "admin"
            return await handler(event, data)

        dispatcher.update.outer_middleware(look_up)
        return dispatcher

    async def test_the_bots_own_is_still_known(self, user: NewUser) -> None:
        alice = user("Alice", bot="support")
        assert ", the support bot." in (await alice.ask("/start")).text
        assert "9:00 to 17:00" in (await alice.ask("/hours")).text
        assert "/hours: " in (await alice.ask("/help")).text


async def test_help_lists_the_commands(user: NewUser) -> None:
    answer = await user("Alice").ask("/help")
    for command in ("/start", "/form", "/cancel", "/help"):
        assert f"{command}: " in answer.text


async def test_a_command_of_one_role(user: NewUser) -> None:
    alice = user("Alice", bot="support")
    assert "9:00 to 17:00" in (await alice.ask("/hours")).text
    assert "/hours: " in (await alice.ask("/help")).text

    at_shop = alice.at("shop")
    assert (await at_shop.ask("/hours")).text == "/hours"  # repeated, as every unknown command
    assert "/hours" not in (await at_shop.ask("/help")).text


@pytest.mark.parametrize("text", ["Hello", "Привет & <b>bye</b>", "/unknown"])
async def test_the_rest_is_repeated(user: NewUser, text: str) -> None:
    assert (await user("Alice").ask(text)).text == text


async def test_what_is_no_text_is_named(user: NewUser) -> None:
    alice = user("Alice")
    await alice.send(photo=PNG, caption="A picture")
    assert "This was: photo." in (await alice.reply()).text
    await alice.send(location=(52.52, 13.40))
    assert "This was: location." in (await alice.reply()).text
