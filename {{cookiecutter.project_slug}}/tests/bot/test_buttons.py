"""The buttons under the summary of `/form`."""

from sandbox.testing import Message, NewUser, User


async def fill_in_form(person: User) -> Message:
    """Answer all questions and return the summary."""
    for text in ("/form", person.name, "30"):
        summary = await person.ask(text)
    return summary


async def test_a_press_is_answered_and_takes_the_buttons_away(user: NewUser) -> None:
    alice = user("Alice")
    summary = await fill_in_form(alice)
    assert summary.buttons == ["Confirm", "Start again"]

    await summary.click("Confirm")
    assert (await alice.notice()).text == ""
    assert (await summary.edited()).buttons == []


async def test_a_summary_wants_a_press(user: NewUser) -> None:
    alice = user("Alice")
    await fill_in_form(alice)
    assert "press one of the buttons" in (await alice.ask("yes")).text


async def test_buttons_of_a_cancelled_form_are_out_of_date(user: NewUser) -> None:
    alice = user("Alice")
    summary = await fill_in_form(alice)
    await alice.ask("/cancel")

    await summary.click("Confirm")
    assert "out of date" in (await alice.notice()).text
    await alice.hears_nothing()
