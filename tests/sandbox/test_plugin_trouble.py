"""Trouble that a test makes for bots and people, in one process and over HTTP."""

import pytest

from sandbox.testing import NewUser, Refused, Telegram


@pytest.fixture
def telegram(both_ways: Telegram) -> Telegram:
    return both_ways


async def test_silence_is_checked(user: NewUser) -> None:
    alice = user("Alice")
    await alice.send("quiet, please")
    await alice.hears_nothing()
    await alice.send("loud")
    with pytest.raises(AssertionError, match="first did say something to Alice: loud"):
        await alice.hears_nothing()


async def test_who_blocks_a_bot_cannot_write_to_it(user: NewUser, telegram: Telegram) -> None:
    alice = user("Alice")
    await alice.ask("hello")
    await alice.block()
    with pytest.raises(AssertionError, match="unblock it first"):
        await alice.send("hello?")
    await alice.unblock()
    assert (await alice.ask("hello again")).text == "hello again"


async def test_calls_are_those_of_this_test(user: NewUser, telegram: Telegram) -> None:
    alice = user("Alice")
    await alice.send("one")
    [call] = await telegram.calls("sendMessage", at_least=1)
    assert (call["params"]["text"], call["status"]) == ("one", 200)
    await alice.at("second").ask("two")
    calls = await telegram.calls("sendMessage", bot="second")
    assert [call["params"]["text"] for call in calls] == ["two"]


async def test_a_fault_is_in_the_record(user: NewUser, telegram: Telegram) -> None:
    alice = user("Alice")
    await telegram.fault("500", "first", method="sendMessage", times=1)
    await alice.send("lost")
    [call] = await telegram.calls("sendMessage", at_least=1)
    assert (call["status"], call["fault"]) == (500, "500")
    assert (await alice.ask("found")).text == "found"


async def test_a_fault_of_one_chat_with_a_text(user: NewUser, telegram: Telegram) -> None:
    alice, bob = user("Alice"), user("Bob")
    await telegram.fault("403", chat=alice, text="Forbidden: not today", times=1)
    await bob.ask("hello")
    await alice.send("lost")
    call = (await telegram.calls("sendMessage", at_least=2))[-1]
    assert (call["status"], call["answer"]["description"]) == (403, "Forbidden: not today")
    assert (await alice.ask("found")).text == "found"


async def test_bots_are_slowed_down_and_go_on(user: NewUser, telegram: Telegram) -> None:
    alice, bob = user("Alice"), user("Bob")
    await telegram.limits(burst=1, chat=0.01)
    assert (await alice.ask("one")).text == "one"
    await alice.send("two")
    call = (await telegram.calls("sendMessage", at_least=2))[-1]
    assert call["status"] == 429
    assert call["answer"]["parameters"]["retry_after"] > 90
    assert (await bob.ask("one")).text == "one"
    await telegram.limits(on=False)
    assert (await alice.ask("three")).text == "three"


async def test_nobody_writes_to_a_deleted_account(user: NewUser, telegram: Telegram) -> None:
    alice = user("Alice")
    await alice.ask("hello")
    await alice.deactivate()
    with pytest.raises(Refused, match="has deleted the account"):
        await alice.send("hello?")


async def test_a_revoked_bot_hears_nothing_until_it_is_restored(
    user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    await telegram.revoke("first")
    await alice.send("hello")
    await alice.hears_nothing()
    await telegram.restore("first")
    assert (await alice.reply(timeout=10)).text == "hello"


async def test_a_bot_that_the_test_makes_is_told_of(user: NewUser, telegram: Telegram) -> None:
    await telegram.client.add(f"1000009:{'s' * 35}")
    bot = await telegram.account(1000009)
    alice = user("Alice", bot=bot)
    await alice.send("hello")
    assert telegram.conversations() == ["Alice and bot 1000009:\n  Alice: hello"]


async def test_an_unknown_bot_is_named(user: NewUser) -> None:
    with pytest.raises(LookupError, match=r"no bot 'third'; the fixture `bots` has"):
        user("Alice", bot="third")
