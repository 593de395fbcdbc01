"""`/form`, step by step, as a user sees it."""

import pytest
from structlog.testing import capture_logs

from sandbox.testing import NewUser, Telegram


async def test_form_from_beginning_to_end(user: NewUser) -> None:
    alice = user("Alice")
    await alice.send("/form")
    question = await alice.reply()
    assert "What is your name?" in question.text
    await alice.send("Alice")
    question = await alice.reply()
    assert question.text == "How old are you, Alice?"
    await alice.send("30")
    summary = await alice.reply()
    assert summary.text == "You are Alice, 30 years old. Right?"
    await summary.click("Confirm")
    thanks = await alice.reply()
    assert thanks.text == "Thank you, Alice!"

    echo = await alice.ask("Bye")  # sends and waits for the reply
    assert echo.text == "Bye"  # the form is over


@pytest.mark.parametrize("name", ["x" * 65, "/unknown"])
async def test_a_wrong_name_is_asked_for_again(user: NewUser, name: str) -> None:
    alice = user("Alice")
    await alice.ask("/form")
    assert "up to 64 characters" in (await alice.ask(name)).text
    assert (await alice.ask("Alice")).text == "How old are you, Alice?"


async def test_a_name_is_text(user: NewUser) -> None:
    alice = user("Alice")
    await alice.ask("/form")
    await alice.send(contact="+15550100")
    assert "your name as text" in (await alice.reply()).text


@pytest.mark.parametrize("age", ["old", "0", "121", "-5", "30.5"])
async def test_a_wrong_age_is_asked_for_again(user: NewUser, age: str) -> None:
    alice = user("Alice")
    await alice.ask("/form")
    await alice.ask("Alice")
    assert "a number from 1 to 120" in (await alice.ask(age)).text
    assert "30 years old" in (await alice.ask("30")).text


async def test_start_again(user: NewUser) -> None:
    alice = user("Alice")
    for text in ("/form", "Alcie", "30"):
        summary = await alice.ask(text)
    await summary.click("Start again")
    assert "Once more" in (await alice.reply()).text
    assert (await alice.ask("Alice")).text == "How old are you, Alice?"


async def test_cancel(user: NewUser) -> None:
    alice = user("Alice")
    assert (await alice.ask("/cancel")).text == "There is nothing to cancel."
    await alice.ask("/form")
    assert (await alice.ask("/cancel")).text == "Cancelled."
    assert (await alice.ask("Alice")).text == "Alice"


# The clock of a running stack is everybody's: who moves it there disturbs other tests.
@pytest.mark.in_process
async def test_a_form_that_is_left_open_is_reminded_of_once(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    await alice.ask("/form")
    await telegram.advance(minutes=40)
    await alice.ask("Alice")  # the hour begins anew
    await telegram.advance(minutes=40)
    await alice.hears_nothing()
    await telegram.advance(minutes=20)
    assert "still open" in (await alice.reply()).text
    await telegram.advance(days=1)
    await alice.hears_nothing()
    assert "30 years old" in (await alice.ask("30")).text  # it goes on where it was
    await telegram.advance(hours=1)
    assert "still open" in (await alice.reply()).text


@pytest.mark.in_process
async def test_start_again_begins_the_hour_anew(user: NewUser, telegram: Telegram) -> None:
    alice = user("Alice")
    for text in ("/form", "Alcie", "30"):
        summary = await alice.ask(text)
    await telegram.advance(minutes=40)
    await summary.click("Start again")
    await alice.reply()
    await telegram.advance(minutes=40)
    await alice.hears_nothing()
    await telegram.advance(minutes=20)
    assert "still open" in (await alice.reply()).text


@pytest.mark.in_process
async def test_answers_are_stored_by_what_no_other_turn_has(user: NewUser) -> None:
    alice = user("Alice")
    with capture_logs() as logs:
        for _ in range(2):
            for text in ("/form", "Alice", "30"):
                summary = await alice.ask(text)
            await summary.click("Confirm")
            assert (await alice.reply()).text == "Thank you, Alice!"
    stored = [line for line in logs if line["event"] == "a form is filled in"]
    assert [line["fields"] for line in stored] == [["name", "age"]] * 2
    assert len({line["key"] for line in stored}) == 2


@pytest.mark.in_process
async def test_nobody_is_reminded_of_a_form_that_is_over(user: NewUser, telegram: Telegram) -> None:
    alice, bob = user("Alice"), user("Bob")
    await alice.ask("/form")
    await alice.ask("/cancel")
    for text in ("/form", "Bob", "30"):
        summary = await bob.ask(text)
    await summary.click("Confirm")
    await bob.reply()
    await telegram.advance(hours=1)
    await alice.hears_nothing()
    await bob.hears_nothing()
