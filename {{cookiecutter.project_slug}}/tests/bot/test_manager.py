"""The manager bot: admins change the fleet in a chat with it."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
import pytest_asyncio
import redis

from bot.handlers.manager import MANAGED
from fleet.bots.registry import NO_KEY
from sandbox.client import SandboxClient
from sandbox.connection import Json
from tests.bot.conversation import Person
from tests.conftest import StartService
from tests.process import Process, service_process
from tests.waiting import until

MANAGER = 1000100
SETTINGS = {
    "BOT_TOKENS": f"manager={MANAGER}:{'m' * 35}",
    "SECRET_KEY": "k" * 40,
    "ADMIN_IDS": "7000, 7001",
}
ADMIN = 7001
SOON = 3.0
"""Seconds within which a bot that was added answers."""
_bot_ids = count(MANAGER + 1)
_user_ids = count(7100)


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
def admin(
    manager: Process, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> Iterator[Person]:
    """An admin in the private chat with the manager bot."""
    manager.new_log()
    yield Person(sandbox, MANAGER, ADMIN, ADMIN)
    request.node.add_report_section("teardown", "log of the service", manager.new_log())


async def new_bot(sandbox: SandboxClient) -> tuple[int, str]:
    """Give the id and the token of a bot that is at the sandbox and in no fleet."""
    bot_id = next(_bot_ids)
    token = f"{bot_id}:{f'secret-of-bot-{bot_id}-'.ljust(35, 'x')}"
    await sandbox.add(token)
    return bot_id, token


async def greeting(sandbox: SandboxClient, bot_id: int) -> str:
    """What a bot says soon to somebody new."""
    user = next(_user_ids)
    await sandbox.send(bot_id, "/start", user_id=user)
    message = await sandbox.reply(bot_id, user, timeout=SOON)
    return str(message["text"])


async def written(sandbox: SandboxClient) -> list[str]:
    """The texts in the admin's chat that the admin wrote and the bot did not delete."""
    chat = await sandbox.messages(MANAGER, ADMIN)
    return [message.get("text", "") for message in chat if not message["from"]["is_bot"]]


async def test_an_admin_adds_a_bot(admin: Person, sandbox: SandboxClient, manager: Process) -> None:
    bot_id, token = await new_bot(sandbox)
    answer = await admin.send(f"/addbot shop={token}")
    assert answer.startswith(f"@sandbox_{bot_id}_bot is in the fleet")
    assert token not in str(await written(sandbox))
    assert f"@sandbox_{bot_id}_bot, the shop bot." in await greeting(sandbox, bot_id)
    assert f"secret-of-bot-{bot_id}" not in manager.log


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ("123:short", "this is not a bot token; one looks like 123456789:AA…"),
        ("9 of=them", "this is not a bot token; one looks like 123456789:AA…"),
        (f"{MANAGER}:{'w' * 35}", "Telegram refuses this token: ask @BotFather for a valid one"),
    ],
)
async def test_a_wrong_token_is_deleted_too(
    admin: Person, sandbox: SandboxClient, wrong: str, answer: str
) -> None:
    assert await admin.send(f"/addbot {wrong}") == answer
    assert wrong not in str(await written(sandbox))


async def test_a_command_without_its_argument_says_what_to_write(admin: Person) -> None:
    assert "/addbot and the token" in await admin.send("/addbot")
    assert "/removebot and the bot's id" in await admin.send("/removebot")


async def test_bots_are_listed_and_removed(admin: Person, sandbox: SandboxClient) -> None:
    ids = []
    for role in ("<b>", "support"):
        bot_id, token = await new_bot(sandbox)
        ids.append(bot_id)
        answer = await admin.send(f"/addbot {role}={token}")
        assert answer.startswith("this is not" if role == "<b>" else "@")
    added = ids[1]

    async def runs() -> bool:
        lines = [line.split() for line in (await admin.send("/bots")).splitlines()]
        assert lines[0] == ["ID", "BOT", "ROLE", "STATE", "BACKLOG"]
        row = next(line for line in lines if line[0] == str(added))
        assert row[2] == "support"
        return row[1:] == [f"@sandbox_{added}_bot", "support", "running", "0"]

    await until(runs, "the table shows that the bot runs", SOON)

    assert await admin.send(f"/removebot @Sandbox_{added}_bot") == (
        f"@sandbox_{added}_bot has left the fleet."
    )
    assert "There is no bot" in await admin.send(f"/removebot {added}")
    assert str(added) not in await admin.send("/bots")
    assert "remove it there" in await admin.send(f"/removebot {MANAGER}")


async def test_the_commands_do_not_exist_for_others(
    manager: Process, sandbox: SandboxClient
) -> None:
    user = next(_user_ids)
    stranger = Person(sandbox, MANAGER, user, user)
    in_a_group = Person(sandbox, MANAGER, ADMIN, -1007)
    _, token = await new_bot(sandbox)
    for person in (stranger, in_a_group):
        for command in ("/bots", f"/addbot {token}", f"/removebot {MANAGER}", "/newbot"):
            assert await person.send(command) == command  # repeated, as any other text
    assert "/addbot" not in await stranger.send("/help")


async def test_help_lists_the_commands_for_admins(admin: Person) -> None:
    text = await admin.send("/help")
    for command in ("/bots", "/addbot", "/removebot", "/newbot", "/start"):
        assert f"{command}: " in text


async def create_bot(admin: Person, sandbox: SandboxClient, username: str) -> int:
    """Create a bot in two taps: ask for the button, press it."""
    assert "Press the button" in await admin.send("/newbot")
    created = await sandbox.create_managed_bot(MANAGER, user_id=ADMIN, username=username)
    assert f"@{username} is in the fleet" in (await last_answer(sandbox))["text"]
    return created


async def last_answer(sandbox: SandboxClient) -> Json:
    return await sandbox.reply(MANAGER, ADMIN)


async def test_a_bot_in_two_taps(admin: Person, sandbox: SandboxClient) -> None:
    created = await create_bot(admin, sandbox, "two_taps_bot")
    assert f"@two_taps_bot, the {MANAGED} bot." in await greeting(sandbox, created)
    # The button is gone, and nobody answered to the service message beside the update.
    chat = await sandbox.messages(MANAGER, ADMIN)
    assert chat[-1]["reply_markup"] == {"remove_keyboard": True}
    assert [one["from"]["is_bot"] for one in chat[-3:]] == [True, False, True]


async def test_a_new_token_of_a_managed_bot_is_taken(admin: Person, sandbox: SandboxClient) -> None:
    created = await create_bot(admin, sandbox, "rotating_bot")
    await greeting(sandbox, created)
    await sandbox.rotate(created)
    after = (await sandbox.messages(MANAGER, ADMIN))[-1]["message_id"]
    answer = await sandbox.reply(MANAGER, ADMIN, after=after - 1)
    assert "@rotating_bot" in answer["text"]
    assert f"the {MANAGED} bot." in await greeting(sandbox, created)


async def test_a_bot_that_a_stranger_creates_by_a_link_stays_out(
    admin: Person, sandbox: SandboxClient
) -> None:
    user = next(_user_ids)
    created = await sandbox.create_managed_bot(MANAGER, user_id=user, by_link=True)
    assert await Person(sandbox, MANAGER, user, user).send("hello") == "hello"  # its turn is over
    asked = await sandbox.calls(MANAGER, "getManagedBotToken")
    assert created not in [call["params"]["user_id"] for call in asked]
    assert str(created) not in await admin.send("/bots")


async def test_without_a_key_no_bot_is_added(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    bot_id, token = await new_bot(sandbox)
    _, other = await new_bot(sandbox)
    await start_service(**SETTINGS | {"BOT_TOKENS": f"manager={token}", "SECRET_KEY": ""})
    assert await Person(sandbox, bot_id, ADMIN, ADMIN).send(f"/addbot {other}") == NO_KEY


async def test_wrong_admin_ids_stop_the_start(start_service: StartService) -> None:
    service = await start_service(wait=False, **SETTINGS | {"ADMIN_IDS": "7000, @alice"})
    assert await service.wait() == 2
    assert service.log == (
        "ADMIN_IDS: write the numbers of Telegram users, separated by commas, like 12345,678\n"
    )
