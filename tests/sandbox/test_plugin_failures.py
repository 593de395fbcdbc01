"""What a failing test tells: these tests run pytest on tests that fail."""

import pytest

from tests.sandbox.failing import failure, silence

pytest_plugins = "pytester"


def test_a_time_out_tells_the_conversation(small_project: pytest.Pytester) -> None:
    said = silence(
        small_project,
        'await alice.send("menu")',
        "message = await alice.reply()",
        'await message.click("Yes")',
        "await alice.notice()",
        'await alice.send(document=b"x", caption="mine")',
    )
    assert (
        "support did not reply to Alice within 0.1 s. The conversation so far:\n"
        "E         Alice: menu\n"
        "E         support: Choose  [Yes] [No]\n"
        "E         Alice presses [Yes]\n"
        "E         support answers the press (notice): Thanks\n"
        "E         support edits: Chosen\n"
        "E         Alice: [document document.bin]  mine\n"
        "E         ! no handler of support took this\n"
        "E       All updates have had their turn"
    ) in said
    # The test's own line, and none of the plugin.
    assert ">       await alice.reply(timeout=0.1)" in said
    assert "people.py" not in said
    assert "telegram.py" not in said


def test_a_handler_that_raises_is_named(small_project: pytest.Pytester) -> None:
    said = silence(small_project, 'await alice.send("raise")')
    assert "! a handler of support raised ValueError: no such name (" in said
    assert "conftest.py:38, in fail)" in said
    # The captured log has the traceback, from the handler on.
    assert "Traceback (most recent call last):" in said
    assert "site-packages" not in said


def test_an_error_of_a_call_is_told(small_project: pytest.Pytester) -> None:
    said = silence(small_project, 'await alice.send("wrong")')
    assert "! support calls sendMessage: 400 Bad Request: can't parse entities" in said
    assert "raised TelegramBadRequest: " in said
    assert "conftest.py:34, in wrong)" in said

    said = silence(
        small_project,
        'await telegram.fault("429", "support", retry_after=3)',
        'await alice.send("menu")',
    )
    assert "sendMessage: 429 Too Many Requests: retry after 3 (a fault of the test)" in said


def test_a_handler_that_still_runs_is_told(
    small_project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = failure(
        small_project,
        'await alice.send("hang")',
        "await hanging.wait()",
        "await alice.reply(timeout=0.1)",
    )
    assert "A handler still runs, or waits for something: " in said
    assert "conftest.py:43, in hang" in said

    monkeypatch.setattr("sandbox.testing.stage.TIMEOUT", 0.1)
    said = failure(
        small_project,
        'await alice.send("hang")',
        "await hanging.wait()",
        "await alice.hears_nothing()",
    )
    assert "updates or handlers are not done within 0.1 s: " in said
    assert "conftest.py:43, in hang" in said


def test_a_revoked_bot_is_told(small_project: pytest.Pytester) -> None:
    said = failure(
        small_project,
        'await telegram.revoke("support")',
        'await alice.send("menu")',
        "await alice.reply(timeout=0.1)",
    )
    assert "The token of @sandbox_1000001_bot is revoked" in said


def test_a_chat_where_nobody_spoke_is_told(small_project: pytest.Pytester) -> None:
    said = silence(
        small_project,
        'team = await telegram.create_group("Team", alice, bots="support")',
        'await team.promote("support")',
        'await alice.send("menu", to=team)',
    )
    assert "(nothing was said)" in said
    assert "has heard nothing here: is an `await` missing, is it another chat or bot" in said
    assert "Team:\n  Alice: [new_chat_members Support bot]\n  Alice: menu\n" in said


def test_what_a_bot_with_privacy_mode_does_not_hear_is_told(small_project: pytest.Pytester) -> None:
    said = failure(
        small_project,
        'team = await telegram.create_group("Team", alice, bots="support")',
        'await alice.ask("menu", to=team, timeout=0.1)',
    )
    assert "Alice: menu\nE         (unheard by support: privacy mode)\n" in said
    assert "@sandbox_1000001_bot has privacy mode, as bots have at Telegram unless" in said
    assert "Reply to it, by `reply_to=`, or write /command@sandbox_1000001_bot; or have" in said
    assert '`await team.promote("support")`' in said
    assert '`await telegram.privacy(on=False, bot="support")`' in said


def test_any_failure_shows_the_conversation(small_project: pytest.Pytester) -> None:
    said = failure(
        small_project,
        'await alice.send("menu")',
        'await alice.ask("menu")',
        "await telegram.settled()",
        'assert (await alice.ask("raise", timeout=0.1)).text == "x"',
    )
    assert "- Captured conversation call -" in said
    assert (
        "Alice and support:\n"
        "  Alice: menu\n"
        "  Alice: menu\n"
        "  support: Choose  [Yes] [No]\n"
        "  support: Choose  [Yes] [No]\n"
        "  Alice: raise\n"
    ) in said
    said = failure(
        small_project, 'await alice.ask("menu")', "await alice.hears_nothing()", "assert 0"
    )
    assert "(not read yet)" not in said
    said = failure(small_project, 'await alice.send("menu")', "await alice.hears_nothing()")
    assert "support: Choose  [Yes] [No]  (not read yet)" in said


def test_the_buttons_that_are_there_are_named(small_project: pytest.Pytester) -> None:
    said = failure(
        small_project, 'message = await alice.ask("menu")', 'await message.click("Maybe")'
    )
    assert "there is no button 'Maybe'; the buttons are: 'Yes', 'No'" in said
    assert "people.py" not in said


def test_a_message_that_is_not_edited_is_named(small_project: pytest.Pytester) -> None:
    said = failure(small_project, 'm = await alice.ask("menu")', "await m.edited(timeout=0.1)")
    assert "nobody edited the message 'Choose  [Yes] [No]' within 0.1 s" in said
    said = failure(small_project, 'm = await alice.ask("menu")', "await m.deleted(timeout=0.1)")
    assert "nobody deleted the message 'Choose  [Yes] [No]' within 0.1 s" in said


def test_calls_that_do_not_come_are_counted(small_project: pytest.Pytester) -> None:
    said = failure(
        small_project,
        'await alice.ask("menu")',
        "await telegram.settled()",
        'await telegram.calls("sendMessage", at_least=2, timeout=0.1)',
    )
    assert "1 of 2 calls of sendMessage came within 0.1 s; all calls of all bots: sendMes" in said


def test_a_notice_wants_a_press(small_project: pytest.Pytester) -> None:
    said = failure(small_project, "await alice.notice()")
    assert "Alice has pressed no inline button yet: click one first" in said


def test_an_assertion_shows_the_message(small_project: pytest.Pytester) -> None:
    said = failure(small_project, 'm = await alice.ask("menu")', "assert not m.buttons")
    assert "where ['Yes', 'No'] = <message 2: Choose  [Yes] [No]>.buttons" in said
