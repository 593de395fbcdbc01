"""Several people and several bots in one group."""

from sandbox.testing import NewChat, NewUser


async def test_everybody_fills_in_a_form_of_their_own(user: NewUser, chat: NewChat) -> None:
    alice, bob = user("Alice"), user("Bob")
    team = await chat("Team", alice, bob, bots=["support"])

    of_alice = await alice.ask("/form", to=team)
    of_bob = await bob.ask("/form", to=team)
    asked = await alice.ask("Alice", to=team, reply_to=of_alice)
    assert asked.text == "How old are you, Alice?"
    assert (await bob.ask("Bob", to=team, reply_to=of_bob)).text == "How old are you, Bob?"


async def test_a_form_goes_on_when_the_group_becomes_a_supergroup(
    user: NewUser, chat: NewChat
) -> None:
    alice, bob = user("Alice"), user("Bob")
    team = await chat("Team", bob, alice, bots=["support"], supergroup=False)
    await team.promote("support")  # or it would hear nothing but commands and replies
    await alice.ask("/form", to=team)
    team = await team.migrate()
    assert (await alice.ask("Alice", to=team)).text == "How old are you, Alice?"


async def test_nobody_presses_for_another(user: NewUser, chat: NewChat) -> None:
    alice, bob = user("Alice"), user("Bob")
    team = await chat("Team", alice, bob, bots=["support"])
    summary = await alice.ask("/form", to=team)
    for text in ("Alice", "30"):
        summary = await alice.ask(text, to=team, reply_to=summary)

    await bob.click(summary, "Confirm")
    assert "not for you" in (await bob.notice()).text
    await bob.hears_nothing(team)

    await alice.click(summary, "Confirm")
    assert (await alice.reply(team)).text == "Thank you, Alice!"


async def test_a_command_for_one_of_two_bots(user: NewUser, chat: NewChat) -> None:
    alice = user("Alice")
    at_shop = alice.at("shop")
    team = await chat("Team", alice)  # all bots are in it

    await alice.send(f"/start@{at_shop.bot.username}", to=team)
    assert "the shop bot" in (await at_shop.reply(team)).text


async def test_a_bot_repeats_no_news_of_a_group(user: NewUser, chat: NewChat) -> None:
    alice = user("Alice")
    team = await chat("Team", alice)
    await team.add(user("Bob"))
    await alice.hears_nothing(team)
