"""`/form`, step by step, as a user sees it."""

import pytest

from tests.bot.conftest import SUPPORT, Talk


async def test_form_from_beginning_to_end(talk: Talk) -> None:
    alice = talk(SUPPORT)
    assert "What is your name?" in await alice.send("/form")
    assert await alice.send("Alice") == "How old are you, Alice?"
    assert await alice.send("30") == "You are Alice, 30 years old. Right?"
    assert await alice.press("Confirm") == "Thank you, Alice!"
    assert await alice.send("Bye") == "Bye"  # the form is over


@pytest.mark.parametrize("name", ["x" * 65, "/unknown"])
async def test_a_wrong_name_is_asked_for_again(talk: Talk, name: str) -> None:
    alice = talk(SUPPORT)
    await alice.send("/form")
    assert "up to 64 characters" in await alice.send(name)
    assert await alice.send("Alice") == "How old are you, Alice?"


@pytest.mark.parametrize("age", ["old", "0", "121", "-5", "30.5"])
async def test_a_wrong_age_is_asked_for_again(talk: Talk, age: str) -> None:
    alice = talk(SUPPORT)
    await alice.send("/form")
    await alice.send("Alice")
    assert "a number from 1 to 120" in await alice.send(age)
    assert "30 years old" in await alice.send("30")


async def test_start_again(talk: Talk) -> None:
    alice = talk(SUPPORT)
    for text in ("/form", "Alcie", "30"):
        await alice.send(text)
    assert "Once more" in await alice.press("Start again")
    assert await alice.send("Alice") == "How old are you, Alice?"


async def test_cancel(talk: Talk) -> None:
    alice = talk(SUPPORT)
    assert await alice.send("/cancel") == "There is nothing to cancel."
    await alice.send("/form")
    assert await alice.send("/cancel") == "Cancelled."
    assert await alice.send("Alice") == "Alice"
