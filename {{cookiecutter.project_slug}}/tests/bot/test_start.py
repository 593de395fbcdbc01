"""`/start`, `/help` and the echo."""

import pytest

from sandbox.client import SandboxClient
from tests.bot.conftest import PLAIN, SUPPORT, Talk


async def test_start_names_the_bot_and_its_role(talk: Talk, sandbox: SandboxClient) -> None:
    username = {bot["id"]: bot["username"] for bot in await sandbox.bots()}

    greeting = await talk(SUPPORT).send("/start")
    assert f"@{username[SUPPORT]}, the support bot." in greeting

    greeting = await talk(PLAIN).send("/start")
    assert f"@{username[PLAIN]}." in greeting


async def test_help_lists_the_commands(talk: Talk) -> None:
    text = await talk(SUPPORT).send("/help")
    for command in ("/start", "/form", "/cancel", "/help"):
        assert command in text


async def test_a_command_of_one_role(talk: Talk) -> None:
    support, plain = talk(SUPPORT), talk(PLAIN)
    assert "9:00 to 17:00" in await support.send("/hours")
    assert "/hours: " in await support.send("/help")
    assert await plain.send("/hours") == "/hours"  # repeated, as every unknown command
    assert "/hours" not in await plain.send("/help")


@pytest.mark.parametrize("text", ["Hello", "Привет & <b>bye</b>", "/unknown"])
async def test_the_rest_is_repeated(talk: Talk, text: str) -> None:
    assert await talk(SUPPORT).send(text) == text
