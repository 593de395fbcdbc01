"""Groups in tests, in one process and over HTTP."""

import pytest

from sandbox.testing import NewChat, NewUser, NothingCame, Telegram


@pytest.fixture
def telegram(both_ways: Telegram) -> Telegram:
    return both_ways


async def test_groups(user: NewUser, chat: NewChat, telegram: Telegram) -> None:
    alice, bob, carol = user("Alice"), user("Bob"), user("Carol")
    team = await chat("Team", alice, bob)
    await telegram.privacy(on=False)
    await alice.send("hello", to=team)
    heard = await bob.reply(team)
    assert heard.raw["from"]["id"] == telegram.bot("first").id
    at_second = bob.at("second")
    assert (await at_second.reply(team)).raw["from"]["id"] == telegram.bot("second").id
    await bob.hears_nothing(team)

    await team.add(carol)
    await team.promote(carol)
    await team.remove("second")
    assert (await carol.ask("hi", to=team)).text == "hi"
    await carol.at("second").hears_nothing(team)

    message = await carol.ask("/inline", to=team)
    await message.click("Alert")
    await bob.click(message, "Alert")
    assert (await carol.notice()).text == (await bob.notice()).text == "Careful!"
    await bob.click(message, "Edit")
    assert (await message.edited()).text == "Working…"

    menu = await carol.ask("/keyboard", to=team)
    await menu.click("No")
    assert (await carol.reply(team)).text == "No (to Keyboard)"


async def test_a_group_with_some_of_the_bots(user: NewUser, chat: NewChat) -> None:
    alice = user("Alice")
    team = await chat("Team", alice, bots=["second"])
    await team.promote("second")
    await alice.send("hello", to=team)
    assert (await alice.at("second").reply(team)).text == "hello"
    await alice.hears_nothing(team)
    await team.add("first")
    await team.promote("first")
    assert (await alice.ask("hello", to=team)).text == "hello"


async def test_what_bots_with_privacy_mode_hear(
    user: NewUser, chat: NewChat, telegram: Telegram
) -> None:
    alice = user("Alice")
    team = await chat("Team", alice, bots=["first"])
    said = await alice.send("hello", to=team)
    await alice.edit(said, "hello, anybody?")
    await alice.hears_nothing(team)
    with pytest.raises(NothingCame, match=r"Alice: hello\n  \(unheard by first: privacy mode\)"):
        await alice.reply(team, timeout=0.1)
    menu = await alice.ask("/keyboard", to=team)
    await menu.click("No")  # which is a reply to the keyboard
    assert (await alice.reply(team)).text == "No (to Keyboard)"
    assert (await alice.ask("yes", to=team, reply_to=menu)).text == "yes (to Keyboard)"
    await telegram.privacy(on=False, bot="first")
    assert (await alice.ask("hello again", to=team)).text == "hello again"
    await telegram.privacy(on=True)
    await alice.send("nobody?", to=team)
    await alice.hears_nothing(team)


async def test_a_group_becomes_a_supergroup(user: NewUser, chat: NewChat) -> None:
    alice = user("Alice")
    team = await chat("Team", alice, bots=["first"], supergroup=False)
    await team.promote("first")
    await alice.ask("before", to=team)
    supergroup = await team.migrate()
    assert supergroup.id < -(10**12) < team.id
    assert (await alice.ask("after", to=supergroup)).text == "after"
    await alice.hears_nothing(team)
