"""The buttons under the summary of `/form`."""

from bot.handlers.form import Button
from sandbox.client import SandboxClient
from tests.bot.conftest import SUPPORT, Talk
from tests.bot.conversation import Person

CONFIRM = Button(action="confirm").pack()
GROUP = -1001


async def fill_in_form(person: Person) -> int:
    """Answer all questions and return the id of the summary."""
    for text in ("/form", "Alice", "30"):
        await person.send(text)
    return person.last


async def last_notice(sandbox: SandboxClient) -> str:
    """Return what the bot said last in answer to a press, above the chat."""
    calls = await sandbox.calls(SUPPORT, "answerCallbackQuery")
    return str(calls[-1]["params"].get("text", ""))


async def test_a_press_is_answered_and_takes_the_buttons_away(
    talk: Talk, sandbox: SandboxClient
) -> None:
    alice = talk(SUPPORT)
    summary = await fill_in_form(alice)
    assert list(await alice.buttons(summary)) == ["Confirm", "Start again"]

    await alice.press("Confirm")
    assert await alice.buttons(summary) == {}
    assert await last_notice(sandbox) == ""


async def test_buttons_of_a_cancelled_form_are_out_of_date(
    talk: Talk, sandbox: SandboxClient
) -> None:
    alice = talk(SUPPORT)
    summary = await fill_in_form(alice)
    await alice.send("/cancel")

    await sandbox.press(SUPPORT, alice.user_id, summary, CONFIRM, user_id=alice.user_id)
    assert await alice.send("Hello") == "Hello"  # her turn after the press, which had no reply
    assert "out of date" in await last_notice(sandbox)


async def test_nobody_presses_for_another(talk: Talk, sandbox: SandboxClient) -> None:
    alice, bob = talk(SUPPORT, chat_id=GROUP), talk(SUPPORT, chat_id=GROUP)
    summary = await fill_in_form(alice)

    await sandbox.press(SUPPORT, GROUP, summary, CONFIRM, user_id=bob.user_id)
    assert await bob.send("Hello") == "Hello"
    assert "not for you" in await last_notice(sandbox)

    assert await alice.press("Confirm") == "Thank you, Alice!"
