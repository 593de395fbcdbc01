"""The manager bot: admins change the fleet in a chat with it.

It needs the fleet, so these tests talk to the real service, whatever `--sandbox` says.
"""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
import pytest_asyncio
import redis
import redis.asyncio

from bot.handlers.manager import MANAGED
from fleet.bots.registry import NO_KEY
from fleet.directory import Chats
from sandbox.testing import Account, BotUnderTest, NewChat, NewUser, Telegram, User
from tests.conftest import StartService
from tests.process import Process, service_process
from tests.waiting import STILL, until

MANAGER = 1000100
TOKEN = f"{MANAGER}:{'m' * 35}"
SETTINGS = {
    "BOT_TOKENS": f"manager={TOKEN}",
    "SECRET_KEY": "k" * 40,
    "ADMIN_IDS": "7000, 7001",
}
ADMIN = 7001
PATIENCE = 2 * STILL
"""Seconds until an answer: the bot must be found first, and the machine may be busy."""
_bot_ids = count(MANAGER + 1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(
    redis_url: str, sandbox_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    """A service with the manager bot alone, and a database of its own."""
    url = redis_url.removesuffix("/0") + "/2"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    folder = tmp_path_factory.mktemp("manager")
    process = service_process("bot", folder, url, sandbox_url, **SETTINGS)
    try:
        await process.wait_ready()
        yield process
    finally:
        await process.kill()


@pytest.fixture
def sandbox_server(
    manager: Process, sandbox_url: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The sandbox of that service."""
    manager.new_log()
    yield sandbox_url
    request.node.add_report_section("teardown", "log of the service", manager.new_log())


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    return {"manager": BotUnderTest(TOKEN)}


@pytest.fixture
def admin(user: NewUser) -> User:
    """An admin in the private chat with the manager bot."""
    return user("Admin", user_id=ADMIN)


async def new_bot(telegram: Telegram) -> tuple[Account, str]:
    """Give a bot that is at the sandbox and in no fleet, and its token."""
    bot_id = next(_bot_ids)
    token = f"{bot_id}:{f'secret-of-bot-{bot_id}-'.ljust(35, 'x')}"
    await telegram.client.add(token)
    return await telegram.account(bot_id), token


async def greeting(user: NewUser, bot: Account) -> str:
    """What a bot says soon to somebody new."""
    return (await user("Carol", bot=bot).ask("/start", timeout=PATIENCE)).text


async def written(telegram: Telegram) -> list[str]:
    """The texts in the admin's chat that the admin wrote and the bot did not delete."""
    chat = await telegram.client.messages(MANAGER, ADMIN)
    return [message.get("text", "") for message in chat if not message["from"]["is_bot"]]


async def test_an_admin_adds_a_bot(
    admin: User, user: NewUser, telegram: Telegram, manager: Process
) -> None:
    bot, token = await new_bot(telegram)
    answer = await admin.ask(f"/addbot shop={token}")
    assert answer.text.startswith(f"@{bot.username} is in the fleet")
    assert token not in str(await written(telegram))
    assert f"@{bot.username}, the shop bot." in await greeting(user, bot)
    assert f"secret-of-bot-{bot.id}" not in manager.log


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ("123:short", "this is not a bot token; one looks like 123456789:AA…"),
        ("9 of=them", "this is not a bot token; one looks like 123456789:AA…"),
        ("123456789:***", "this token has lost its secret on the way: write it again"),
        (f"{MANAGER}:{'w' * 35}", "Telegram refuses this token: ask @BotFather for a valid one"),
    ],
)
async def test_a_wrong_token_is_deleted_too(
    admin: User, telegram: Telegram, wrong: str, answer: str
) -> None:
    sent = await admin.send(f"/addbot {wrong}")
    assert (await admin.reply()).text == answer
    await sent.deleted()
    assert wrong not in str(await written(telegram))


async def test_a_command_without_its_argument_says_what_to_write(admin: User) -> None:
    assert "/addbot and the token" in (await admin.ask("/addbot")).text
    assert "/removebot and the bot's id" in (await admin.ask("/removebot")).text


async def test_bots_are_listed_and_removed(admin: User, telegram: Telegram) -> None:
    _, token = await new_bot(telegram)
    assert (await admin.ask(f"/addbot <b>={token}")).text.startswith("this is not")
    added, token = await new_bot(telegram)
    assert (await admin.ask(f"/addbot support={token}")).text.startswith("@")

    async def runs() -> bool:
        table = await admin.ask("/bots")
        lines = [line.split() for line in table.text.splitlines()]
        assert lines[0] == ["ID", "BOT", "ROLE", "STATE", "BACKLOG"]
        row = next(line for line in lines if line[0] == str(added.id))
        assert row[2] == "support"
        return row[1:] == [f"@{added.username}", "support", "running", "0"]

    await until(runs, "the table shows that the bot runs")
    assert (await admin.ask("/bots")).html.startswith("<pre>")

    gone = await admin.ask(f"/removebot @{added.username.capitalize()}")
    assert gone.text == f"@{added.username} has left the fleet."
    assert "There is no bot" in (await admin.ask(f"/removebot {added.id}")).text
    assert str(added.id) not in (await admin.ask("/bots")).text
    assert "remove it there" in (await admin.ask(f"/removebot {MANAGER}")).text


async def test_the_commands_do_not_exist_for_others(
    admin: User, user: NewUser, chat: NewChat, telegram: Telegram
) -> None:
    stranger = user("Mallory")
    team = await chat("Team", admin)
    _, token = await new_bot(telegram)
    for command in ("/bots", f"/addbot {token}", f"/removebot {MANAGER}", "/newbot", "/broadcast"):
        # Repeated, as any other text.
        assert (await stranger.ask(command)).text == command
        assert (await admin.ask(command, to=team)).text == command
    assert "/addbot" not in (await stranger.ask("/help")).text


async def test_help_lists_the_commands_for_admins(admin: User) -> None:
    answer = await admin.ask("/help")
    for command in ("/bots", "/addbot", "/removebot", "/newbot", "/broadcast", "/start"):
        assert f"{command}: " in answer.text


async def create_bot(admin: User, telegram: Telegram, username: str) -> Account:
    """Create a bot in two taps: ask for the button, press it."""
    offer = await admin.ask("/newbot")
    assert "Press the button" in offer.text
    assert offer.buttons == ["Create a bot"]
    created = await telegram.client.create_managed_bot(MANAGER, user_id=ADMIN, username=username)
    answer = await admin.reply()
    assert answer.text.startswith(f"@{username} is in the fleet")
    assert answer.raw["reply_markup"] == {"remove_keyboard": True}
    return await telegram.account(created)


async def test_a_bot_in_two_taps(admin: User, user: NewUser, telegram: Telegram) -> None:
    created = await create_bot(admin, telegram, "two_taps_bot")
    assert f"@two_taps_bot, the {MANAGED} bot." in await greeting(user, created)
    # Nobody answered to the service message beside the update.
    chat = await telegram.client.messages(MANAGER, ADMIN)
    assert [one["from"]["is_bot"] for one in chat[-3:]] == [True, False, True]


async def test_a_new_token_of_a_managed_bot_is_taken(
    admin: User, user: NewUser, telegram: Telegram
) -> None:
    created = await create_bot(admin, telegram, "rotating_bot")
    await greeting(user, created)
    await telegram.client.rotate(created.id)
    assert "@rotating_bot is in the fleet" in (await admin.reply()).text
    assert f"the {MANAGED} bot." in await greeting(user, created)


async def test_a_bot_that_a_stranger_creates_by_a_link_stays_out(
    admin: User, user: NewUser, telegram: Telegram
) -> None:
    stranger = user("Mallory")
    created = await telegram.client.create_managed_bot(MANAGER, user_id=stranger.id, by_link=True)
    assert (await stranger.ask("hello")).text == "hello"  # the turn of the update before is over
    asked = await telegram.calls("getManagedBotToken")
    assert created not in [call["params"]["user_id"] for call in asked]
    assert str(created) not in (await admin.ask("/bots")).text


async def until_known(redis_url: str, bot: int, users: list[User]) -> None:
    """Wait until the directory of the service has these users."""
    url = redis_url.removesuffix("/0") + "/2"
    async with redis.asyncio.Redis.from_url(url) as client:
        chats = Chats(client, 64)

        async def known() -> bool:
            return all([await chats.get(bot, one.id) for one in users])

        await until(known, "the directory knows who has just come")


async def test_a_broadcast_is_previewed_sent_and_followed(
    admin: User, user: NewUser, telegram: Telegram, redis_url: str
) -> None:
    assert "in reply to it" in (await admin.ask("/broadcast")).text
    readers = [user(name) for name in ("Rita", "Rob")]
    for reader in readers:
        await reader.ask("/start")
    news = await admin.send("We are <back>!")
    assert (await admin.reply()).text == news.text
    assert "There is no bot" in (await admin.ask("/broadcast @nobody", reply_to=news)).text

    await until_known(redis_url, MANAGER, readers)
    await admin.send("/broadcast", reply_to=news)
    assert (await admin.reply()).text == news.text
    offer = await admin.reply()
    assert offer.text.startswith("This goes to ")
    await offer.click("Send")
    for reader in readers:
        assert (await reader.reply(timeout=PATIENCE)).text == news.text

    async def told() -> str:
        chat = await telegram.client.messages(MANAGER, ADMIN)
        [now] = [one for one in chat if one["message_id"] == offer.message_id]
        return now["text"] if now["text"].startswith("Done") and not now.get("reply_markup") else ""

    assert "▓" * 20 in await until(told, "the message says that it is done")


async def test_a_broadcast_of_another_bot_is_cancelled(
    admin: User, user: NewUser, telegram: Telegram, redis_url: str
) -> None:
    bot, token = await new_bot(telegram)
    await admin.ask(f"/addbot {token}")
    carol = user("Carol", bot=bot)
    await carol.ask("/start", timeout=PATIENCE)
    news = await admin.send("We are back!")
    await admin.reply()

    await until_known(redis_url, bot.id, [carol])
    assert (await admin.ask(f"/broadcast {bot.id}", reply_to=news)).text == news.text
    offer = await admin.reply()
    assert offer.text == "This goes to 1 chat."
    # Flood control holds it back.
    await telegram.client.fault("429", bot.id, "sendMessage", retry_after=30)
    await offer.click("Send")
    following = await offer.edited(timeout=PATIENCE)
    assert following.text.startswith("Running: 0 of 1 chat")
    await following.click("Cancel")

    async def cancelled() -> bool:
        chat = await telegram.client.messages(MANAGER, ADMIN)
        [now] = [one for one in chat if one["message_id"] == offer.message_id]
        return bool(now["text"].startswith("Cancelled: 0 of 1 chat"))

    await until(cancelled, "the message says that it is cancelled")


async def test_without_a_key_no_bot_is_added(
    start_service: StartService, user: NewUser, telegram: Telegram
) -> None:
    bot, token = await new_bot(telegram)
    _, other = await new_bot(telegram)
    await start_service("bot", **SETTINGS | {"BOT_TOKENS": f"manager={token}", "SECRET_KEY": ""})
    admin = user("Admin", bot=bot, user_id=ADMIN)
    assert (await admin.ask(f"/addbot {other}")).text == NO_KEY


async def test_wrong_admin_ids_stop_the_start(start_service: StartService) -> None:
    service = await start_service("bot", wait=False, **SETTINGS | {"ADMIN_IDS": "7000, @alice"})
    assert await service.wait() == 2
    assert service.log == (
        "ADMIN_IDS: write the numbers of Telegram users, separated by commas, like 12345,678\n"
    )
