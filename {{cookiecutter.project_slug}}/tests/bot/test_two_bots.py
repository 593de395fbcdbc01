"""One person, two bots: each bot knows its own conversation only."""

from tests.bot.conftest import PLAIN, SUPPORT, Talk


async def test_two_bots_in_one_chat_keep_separate_states(talk: Talk) -> None:
    at_support = talk(SUPPORT)
    at_plain = talk(PLAIN, user_id=at_support.user_id)  # the same user, the same chat

    await at_support.send("/form")
    assert await at_plain.send("Alice") == "Alice"  # repeated, not taken for a name

    await at_plain.send("/form")
    assert await at_support.send("Alice") == "How old are you, Alice?"
    assert await at_plain.send("Bob") == "How old are you, Bob?"

    await at_support.send("/cancel")
    assert "You are Bob, 30" in await at_plain.send("30")
