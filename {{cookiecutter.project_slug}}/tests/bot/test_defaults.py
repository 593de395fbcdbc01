"""What users write is no HTML, also where HTML is the default of all bots."""

import pytest
from aiogram.client.default import DefaultBotProperties

from sandbox.testing import NewUser

pytestmark = pytest.mark.in_process

NAME = "<b>Al</b> & <Ice>"


@pytest.fixture
def bot_defaults() -> DefaultBotProperties:
    return DefaultBotProperties(parse_mode="HTML")


async def test_texts_of_users_are_sent_as_they_are(user: NewUser) -> None:
    alice = user(NAME)
    assert f"Hello, {NAME}!" in (await alice.ask("/start")).text
    assert "/form: fill in" in (await alice.ask("/help")).text
    assert (await alice.ask("1 < 2 & 3")).text == "1 < 2 & 3"
    await alice.ask("/form")
    assert (await alice.ask(NAME)).text == f"How old are you, {NAME}?"
    summary = await alice.ask("30")
    assert summary.text == f"You are {NAME}, 30 years old. Right?"
    await summary.click("Confirm")
    assert (await alice.reply()).text == f"Thank you, {NAME}!"
