"""One person, two bots: each bot knows its own conversation only."""

from sandbox.testing import NewUser


async def test_two_bots_in_one_chat_keep_separate_states(user: NewUser) -> None:
    at_support = user("Alice", bot="support")
    at_shop = at_support.at("shop")  # the same person, and so the same chat id

    await at_support.ask("/form")
    assert (await at_shop.ask("Alice")).text == "Alice"  # repeated, not taken for a name

    await at_shop.ask("/form")
    assert (await at_support.ask("Alice")).text == "How old are you, Alice?"
    assert (await at_shop.ask("Bob")).text == "How old are you, Bob?"

    await at_support.ask("/cancel")
    assert "You are Bob, 30" in (await at_shop.ask("30")).text
