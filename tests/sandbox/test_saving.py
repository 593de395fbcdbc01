"""What happened is saved as a test that reads well and passes with the same bot."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.testing import Group, Refused, Telegram, User
from tests.sandbox.plugin_bot import PNG, in_one_process

pytest_plugins = ["pytester"]
CONFTEST = """
pytest_plugins = ["sandbox.testing.plugin"]

import pytest
from tests.sandbox.plugin_bot import BOTS, create_dispatcher

@pytest.fixture
def bots():
    return BOTS

@pytest.fixture
def dispatcher():
    return create_dispatcher()
"""
SETTINGS = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with in_one_process() as telegram:
        yield telegram


async def saved(telegram: Telegram, chat: User | Group, since: int = 0) -> str:
    await telegram.settled()
    bot_id = chat.bot.id if isinstance(chat, User) else None
    answer = await telegram.ask("save_as_test", chat_id=chat.id, bot_id=bot_id, since=since)
    return str(answer["code"])


def passes(pytester: pytest.Pytester, code: str) -> None:
    """Run it with the same bot, from a calm start."""
    pytester.makeini(SETTINGS)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_saved=code)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q")
    result.assert_outcomes(passed=1)


async def test_a_conversation_reads_well(telegram: Telegram) -> None:
    alice = telegram.person("Alice", language_code="de")
    await alice.ask("hello")
    inline = await alice.ask("/inline")
    await inline.click("Alert")
    await alice.notice()
    await inline.click("Edit")
    await (await inline.edited()).edited()
    sent = await alice.send("quiet")
    await alice.edit(sent, "louder")
    await alice.reply()
    code = await saved(telegram, alice)
    assert (
        code
        == """from sandbox.testing import NewUser


async def test_alice_and_first(user: NewUser) -> None:
    alice = user("Alice", bot="first", language_code="de")
    assert (await alice.ask("hello")).text == "hello"
    inline = await alice.ask("/inline")
    assert inline.text == "Inline"
    assert inline.buttons == ["Alert", "Edit", "Delete", "Site"]
    await inline.click("Alert")
    assert (await alice.notice()).text == "Careful!"
    await inline.click("Edit")
    inline = await inline.edited()
    assert inline.text == "Working…"
    assert inline.buttons == ["Alert", "Edit", "Delete", "Site"]
    inline = await inline.edited()
    assert inline.text == "Done"
    sent = await alice.send("quiet")
    await alice.edit(sent, "louder")
    assert (await alice.reply()).text == "edited: louder"
"""
    )


async def everything(telegram: Telegram) -> User:
    """All that a person can do in a private chat."""
    alice = telegram.person("Ålice", username="alice")
    await alice.ask("one")
    keyboard = await alice.ask("/keyboard")
    await keyboard.click("Yes")
    await alice.reply()
    await keyboard.click("My number")
    await alice.reply()
    await alice.send(location=(52.5, 13.4))
    await alice.reply()
    await alice.send(photo=PNG, caption="mine")
    await alice.reply()
    poll = await alice.ask("/poll")
    await alice.vote(poll, "Without")
    await alice.reply()
    todo = {"title": "To do", "tasks": [{"id": 1, "text": "Bake"}]}
    checklist = await alice.send(checklist=todo)
    await alice.add_tasks(checklist, "Eat")
    await alice.tick(checklist, "Bake", "Eat")
    await alice.tick(checklist, "Eat", done=False)
    await alice.react(poll, "👍")
    await alice.reply()
    invoice = await alice.ask("/invoice tea")
    await alice.pay(invoice, shipping="post", order_info={"name": "Al"})
    await alice.reply()
    with pytest.raises(Refused, match="Sold out"):
        await alice.pay(await alice.ask("/invoice coffee"))
    [order] = await alice.inline("tea")
    await order.choose()
    await alice.reply()
    first = await alice.ask("an answer")
    await alice.send("to this", reply_to=first)
    await alice.reply()
    gone = await alice.ask("/inline")
    await gone.click("Delete")
    await gone.deleted()
    await alice.ask("/photo")
    await alice.ask("two\nlines of a text that is so long that it does not fit into one line")
    await alice.ask(f'my id is {alice.id} and "so" {{on}}')
    await alice.block()
    await alice.unblock()
    return alice


async def test_everything_that_people_do_passes(
    telegram: Telegram, pytester: pytest.Pytester
) -> None:
    alice = await everything(telegram)
    code = await saved(telegram, alice)
    assert "Left out" not in code
    assert 'with pytest.raises(Refused, match="Sold out"):' in code
    assert """, shipping="post", order_info={'name': 'Al'})""" in code
    assert f"{alice.id}" not in code
    await asyncio.to_thread(passes, pytester, code)


async def test_a_group_passes(telegram: Telegram, pytester: pytest.Pytester) -> None:
    alice, bob = telegram.person("Alice"), telegram.person("Bob")
    team = await telegram.create_group("Our team", alice, bob)
    await telegram.privacy(on=False)
    await alice.ask("hello", to=team)
    await bob.at("second").reply(team)
    inline = await alice.ask("/inline", to=team)
    await bob.at("second").reply(team)
    await bob.click(inline, "Alert")
    await bob.notice()
    await team.remove(bob)
    await team.add(bob)
    await team.promote("first")
    code = await saved(telegram, team)
    assert 'bob = user("Bob", bot="first")' in code
    assert 'team = await chat("Our team", alice, bob, bots=["first", "second"])' in code
    assert code.count("await telegram.privacy(on=False, bot=") == 2
    await asyncio.to_thread(passes, pytester, code)


async def test_time_passes(telegram: Telegram, pytester: pytest.Pytester) -> None:
    alice = telegram.person("Alice")
    await telegram.advance(minutes=1)
    with pytest.raises(Refused, match="nothing has happened in this chat"):
        await saved(telegram, alice)
    await alice.ask("hello")
    await telegram.advance(hours=1.5)
    code = await saved(telegram, alice)
    assert "async def test_alice_and_first(user: NewUser, telegram: Telegram) -> None:" in code
    assert "await telegram.advance(minutes=90)" in code
    await asyncio.to_thread(passes, pytester, code)


async def test_it_may_begin_later(telegram: Telegram) -> None:
    alice = telegram.person("Alice")
    await alice.ask("before")
    later = await alice.send("after")
    await alice.reply()
    code = await saved(telegram, alice, later.message_id)
    assert "before" not in code
    assert 'assert (await alice.ask("after")).text == "after"' in code


async def test_a_large_file_stays_outside(telegram: Telegram) -> None:
    alice = telegram.person("Alice")
    await alice.send(document=bytes(1000))
    code = await saved(telegram, alice)
    assert code.startswith("# Put document.bin beside this file.\nfrom pathlib import Path\n")
    assert 'document=Path(__file__).with_name("document.bin")' in code


async def test_nothing_has_happened(telegram: Telegram) -> None:
    alice = telegram.person("Alice")
    await telegram.introduce(alice.id)
    with pytest.raises(Refused, match="nothing has happened in this chat"):
        await saved(telegram, alice)


async def test_other_things_that_people_do(telegram: Telegram, pytester: pytest.Pytester) -> None:
    alice = telegram.person("Alice")
    await alice.send("/others")
    game, paid, inline, reply = [await alice.reply() for _ in range(4)]
    await alice.play(game)
    await alice.buy(paid)
    await alice.open_app(inline, "Open")
    await alice.open_app(inline)
    await alice.send_app_data(reply, "red")
    await alice.reply()
    await alice.create_bot("Mine", by_link=True)
    code = await saved(telegram, alice)
    for line in (
        "await alice.play(others)",
        "await alice.buy(reply)",
        'await alice.open_app(reply_2, "Open")',
        "await alice.open_app(reply_2)",
        'await alice.send_app_data(reply_3, "red")',
        'await alice.create_bot(name="Mine", by_link=True)',
    ):
        assert f"    {line}\n" in code
    await asyncio.to_thread(passes, pytester, code)


async def test_a_payment_by_a_link_is_left_out(telegram: Telegram) -> None:
    alice = telegram.person("Alice")
    await alice.pay((await alice.ask("/link")).text)
    assert "# Left out: a payment by a link" in await saved(telegram, alice)
