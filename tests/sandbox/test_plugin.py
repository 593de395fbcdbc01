"""What people of the pytest plugin do and see, in one process and over HTTP."""

import asyncio
from pathlib import Path

import pytest

from sandbox.client import SandboxError
from sandbox.testing import NewChat, NewUser, NothingCame, Refused, Telegram
from tests.sandbox.plugin_bot import PNG


@pytest.fixture
def telegram(both_ways: Telegram) -> Telegram:
    return both_ways


async def test_replies_are_read_one_after_the_other(user: NewUser) -> None:
    alice = user("Alice")
    for text in ("one", "two", "three"):
        await alice.send(text)
    assert [(await alice.reply()).text for _ in range(3)] == ["one", "two", "three"]
    await alice.hears_nothing()


async def test_people_have_a_language_and_a_username(user: NewUser) -> None:
    anna = user("Anna", last_name="Berg", username="@anna", language_code="de")
    sent = await anna.send("Hallo")
    assert sent.raw["from"] == {
        "id": anna.id,
        "is_bot": False,
        "first_name": "Anna",
        "last_name": "Berg",
        "username": "anna",
        "language_code": "de",
    }
    assert sent.raw["chat"]["username"] == "anna"
    later = await user("Annie", user_id=anna.id).send("Hi")
    assert later.raw["from"] == sent.raw["from"] | {"first_name": "Annie"}


async def test_people_write_at_the_same_time(user: NewUser) -> None:
    people = [user(f"User {number}") for number in range(10)]
    replies = await asyncio.gather(*(one.ask(one.name) for one in people))
    assert [reply.text for reply in replies] == [one.name for one in people]


async def test_files_of_people(user: NewUser, tmp_path: Path) -> None:
    alice = user("Alice")
    assert (await alice.ask(photo=PNG)).text == f"photo of {len(PNG)} bytes, no caption"
    sent = await alice.send(photo=PNG, caption="mine")
    assert (await alice.reply()).text == f"photo of {len(PNG)} bytes, mine"
    assert await sent.download() == PNG

    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b")
    sent = await alice.send(document=path)
    assert (await alice.reply()).text == "document of 3 bytes, no caption"
    assert sent.document
    assert sent.document.file_name == "table.csv"

    for name in ("a", "b"):
        await alice.send(document=str(path), caption=name, media_group_id="7")
    assert (await alice.reply()).text == "document of 3 bytes, a, album 7"
    assert (await alice.reply()).text == "document of 3 bytes, b, album 7"

    await alice.send(voice=b"OggS")
    assert (await alice.reply()).text == "voice of 4 bytes, no caption"


async def test_files_of_bots(user: NewUser) -> None:
    alice = user("Alice")
    reply = await alice.ask("/photo")
    assert reply.photo
    assert (reply.photo.width, reply.photo.height) == (2, 3)
    assert await reply.download() == PNG
    assert reply.caption == "a bold & big one"
    assert reply.html == "a <b>bold</b> &amp; big one"
    assert reply.text == ""

    reply = await alice.ask("/document")
    assert reply.document
    assert reply.document.file_name == "table.csv"
    assert await reply.download() == b"a,b\n1,2\n"


async def test_contact_and_location(user: NewUser) -> None:
    alice = user("Alice")
    await alice.send(contact="+15550199")
    assert (await alice.reply()).text == "Alice: +15550199, own=True"
    await alice.send(contact={"phone_number": "+1", "first_name": "Bob"})
    assert (await alice.reply()).text == "Bob: +1, own=False"
    await alice.send(location=(52.52, -13.4))
    assert (await alice.reply()).text == "52.52 -13.40"


async def test_inline_buttons(user: NewUser) -> None:
    alice = user("Alice")
    message = await alice.ask("/inline")
    assert message.buttons == ["Alert", "Edit", "Delete", "Site"]

    await message.click("Alert")
    notice = await alice.notice()
    assert (notice.text, notice.alert) == ("Careful!", True)

    await message.click("Edit")
    assert (await alice.notice()).text == ""
    working = await message.edited()
    assert working.text == "Working…"
    done = await working.edited()
    assert (done.text, done.buttons) == ("Done", [])
    assert message.text == "Inline"

    other = await alice.ask("/inline")
    await other.click("Delete")
    await other.deleted()
    with pytest.raises(AssertionError, match=r"the buttons are: 'Alert', 'Edit', 'Delete', 'Site'"):
        await other.click("alert")
    with pytest.raises(Refused, match=r"the buttons are: none; it was edited: click what `await"):
        await message.click("Alert")
    with pytest.raises(AssertionError, match="'Site' does url, of which the bot hears nothing"):
        await other.click("Site")


async def test_a_reply_keyboard(user: NewUser) -> None:
    alice = user("Alice")
    message = await alice.ask("/keyboard")
    assert message.buttons == ["Yes", "No", "My number", "My place"]
    assert message.parsed.text == "Keyboard"
    await message.click("Yes")
    assert (await alice.reply()).text == "Yes"
    await message.click("My number")
    assert "own=True" in (await alice.reply()).text
    with pytest.raises(AssertionError, match="does request_location"):
        await message.click("My place")


async def test_edits_reactions_votes_and_replies(user: NewUser) -> None:
    alice = user("Alice")
    sent = await alice.send("Helo")
    echo = await alice.reply()
    edited = await alice.edit(sent, "Hello")
    assert edited.text == "Hello"
    assert (await alice.reply()).text == "edited: Hello"

    await alice.react(echo, "🎉")
    assert (await alice.reply()).text == "reaction: ['🎉']"
    await alice.react(echo, None)
    assert (await alice.reply()).text == "reaction: []"

    poll = await alice.ask("/poll")
    assert "[poll Tea?]" in repr(poll)
    await alice.vote(poll, "Without")
    assert (await alice.reply()).text == "vote: [1]"
    with pytest.raises(AssertionError, match="there is no option Lemon; there are: "):
        await alice.vote(poll, "Lemon")

    await alice.send("Why?", reply_to=echo)
    assert (await alice.reply()).text == "Why? (to Helo)"


async def test_inline_mode(user: NewUser, chat: NewChat, telegram: Telegram) -> None:
    alice = user("Alice")
    [order] = await alice.inline("tea")
    assert order.title == "Order"
    sent = await order.choose()
    assert (sent.text, sent.raw["via_bot"]["id"]) == ("I want tea", alice.bot.id)

    team = await chat("Team", alice, bots=["second"])  # the first one need not be in it
    await telegram.privacy(on=False, bot="second")
    [order] = await alice.inline("milk", to=team)
    assert (await order.choose()).raw["chat"]["title"] == "Team"
    assert (await alice.at("second").reply(team)).text == "I want milk"

    with pytest.raises(NothingCame, match=r"(?s)Alice's inline query .* Alice types @… ignored"):
        await alice.inline("ignored", timeout=0.1)


async def test_payments(user: NewUser, chat: NewChat) -> None:
    alice = user("Alice")
    invoice = await alice.ask("/invoice tea")
    assert invoice.buttons == ["Pay 5 XTR"]
    await alice.pay(invoice)
    assert (await alice.reply()).text == "Thank you"
    await invoice.click("Pay 5 XTR")
    assert (await alice.reply()).text == "Thank you"

    invoice = await alice.ask("/invoice coffee")
    with pytest.raises(Refused, match="first takes no payment: Sold out"):
        await alice.pay(invoice)
    invoice = await alice.ask("/invoice ignored")
    with pytest.raises(NothingCame, match=r"(?s)did not answer Alice's payment.*pays 5 XTR"):
        await alice.pay(invoice, timeout=0.1)

    team = await chat("Team", user("Bob"), alice, bots=["first"])
    await alice.pay(await alice.ask("/invoice tea", to=team))
    assert (await alice.reply(team)).text == "Thank you"


async def test_what_a_reply_is_to_a_person_and_to_a_client(
    user: NewUser, chat: NewChat, telegram: Telegram
) -> None:
    alice = user("Alice")
    team = await chat("Team", alice)
    await team.promote("first")

    async def replies(command: str, number: int) -> list[tuple[str, str]]:
        """What the first bot answers, which is the same for both."""
        await alice.send(command, to=team)
        seen = [await alice.reply(team) for _ in range(number)]
        for one in seen:
            assert await telegram.client.reply(alice.bot.id, team.id) == one.raw
        await alice.hears_nothing(team)
        with pytest.raises(SandboxError, match="no message from bot"):
            await telegram.client.reply(alice.bot.id, team.id, timeout=0.01)
        return [(one.text, one.caption) for one in seen]

    # No service message, no edit, nothing that another bot says; a picture is one.
    assert await replies("/pin", 1) == [("pinned", "")]
    assert await replies("/photo", 1) == [("", "a bold & big one")]
    await alice.send("/inline", to=team)
    message = await alice.reply(team)
    await message.click("Edit")
    await message.edited()
    await alice.hears_nothing(team)
    with pytest.raises(SandboxError, match="no message from bot"):
        await telegram.client.reply(alice.bot.id, team.id, timeout=0.01)


async def test_a_method_that_a_handler_returns_is_called(user: NewUser) -> None:
    assert (await user("Alice").ask("/return")).text == "called for the handler"


async def test_messages_of_two_bots_have_the_same_ids(user: NewUser) -> None:
    alice = user("Alice")
    at_first, at_second = await alice.ask("/inline"), await alice.at("second").ask("/inline")
    assert at_first.message_id == at_second.message_id
    await at_second.click("Edit")
    await (await at_second.edited()).edited()
    await at_first.click("Alert")
    assert (await alice.notice()).text == "Careful!"
