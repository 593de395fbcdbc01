"""A group becomes a supergroup: what was begun in it goes on there."""

import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot

from fleet.settings import Settings
from fleet.telegram.session import create_sessions
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.watch import APP, let_go, new_bots, until_started
from tests.waiting import until

ACTS = "tests.proofs.acts"


async def new_group(sandbox: SandboxClient, bot: int) -> int:
    group = await sandbox.ask(
        "create_group", title="Hikers", user_ids=[9, 7, 8], bot_ids=[bot], supergroup=False
    )
    return int(group["id"])


async def migrate(sandbox: SandboxClient, group: int) -> int:
    return int((await sandbox.ask("migrate", chat_id=group))["id"])


async def say(sandbox: SandboxClient, bot: int, chat: int, *texts: str, user: int = 7) -> None:
    for text in texts:
        await sandbox.send(bot, text, user_id=user, chat_id=chat)


async def lines(sandbox: SandboxClient, bot: int, chat: int) -> list[str]:
    """Tell what the bot has said, but for its apologies: nobody echoes messages without a text."""
    texts = [
        message["text"]
        for message in await sandbox.messages(bot, chat)
        if message["from"]["id"] == bot
    ]
    return [text for text in texts if text != "sorry"]


async def until_said(sandbox: SandboxClient, bot: int, chat: int, *wanted: str) -> None:
    async def said() -> bool:
        return set(wanted) <= set(await lines(sandbox, bot, chat))

    async def count() -> int:
        return len(await lines(sandbox, bot, chat))

    await until(said, f"the bot says {wanted} in chat {chat}", moving=count)


async def called(sandbox: SandboxClient, bot: int) -> list[tuple[int, int]]:
    calls = await sandbox.calls(bot, "sendMessage")
    return [(int(call["params"]["chat_id"]), call["status"]) for call in calls]


@pytest.fixture
async def bot(sandbox: SandboxClient, sandbox_url: str) -> AsyncIterator[Bot]:
    _, token = await new_bots(sandbox)
    sessions = create_sessions(Settings(telegram_api_url=sandbox_url))
    yield Bot(token, session=sessions.calls)
    await sessions.close()


async def test_a_call_that_is_refused_goes_there_once_and_the_next_at_once(
    sandbox: SandboxClient, bot: Bot
) -> None:
    old = await new_group(sandbox, bot.id)
    new = await migrate(sandbox, old)
    message = await bot.send_message(old, "Hello")
    assert message.chat.id == new
    await bot.send_message(old, "Hello again")
    assert await called(sandbox, bot.id) == [(old, 400), (new, 200), (new, 200)]


async def test_what_waits_in_the_group_comes_before_what_is_written_in_the_supergroup(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": token, "DIRECTORY": "off"}
    first, second = [await start_service(APP, **settings) for _ in range(2)]
    old = await new_group(sandbox, bot)
    await say(sandbox, bot, old, "count wait go-on", "count")
    await until_started(clean_redis, "count wait go-on")
    new = await migrate(sandbox, old)
    await say(sandbox, bot, new, "count")

    async def waits() -> bool:
        return any("goes first" in one.log for one in (first, second))

    await until(waits, "the turn in the supergroup has gone back")
    let_go(clean_redis)
    await until_said(sandbox, bot, new, "3")
    assert await lines(sandbox, bot, new) == ["count wait go-on", "2", "3"]


async def test_a_form_and_timers_go_on_there_once_over_a_kill(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    replicas = [await start_service(ACTS, BOT_TOKENS=token) for _ in range(2)]
    old = await new_group(sandbox, bot)
    for user in (7, 8):
        await say(
            sandbox, bot, old, f"act {user}", f"remind soon{user} 10", f"remind late{user} 600",
            user=user,
        )  # fmt: skip
    await until_said(sandbox, bot, old, *(f"reminding late{user}" for user in (7, 8)))
    new = await migrate(sandbox, old)
    await say(sandbox, bot, new, "act 70", "forget late7", "list")
    await replicas.pop(random.randrange(2)).kill()  # noqa: S311 - no secret
    replicas.append(await start_service(ACTS, wait=False, BOT_TOKENS=token))
    await until_said(
        sandbox, bot, new,
        "70/d 2", "forgotten", "timer soon7: None", "timer soon8: None",
    )  # fmt: skip
    await say(sandbox, bot, new, "list", "act 80", user=8)
    await until_said(sandbox, bot, new, "timers: late8 after", "80/d 2")
    await sandbox.advance(seconds=700)
    await until_said(sandbox, bot, new, "timer late8: None")
    said = Counter(await lines(sandbox, bot, new))
    assert {line: n for line, n in said.items() if line.startswith("timer ")} == {
        f"timer {name}: None": 1 for name in ("soon7", "soon8", "late8")
    }
