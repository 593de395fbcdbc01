"""Turns in a real replica: whatever a handler does or an update is, the others go on.

Guarantees 3 and 8.
"""

import asyncio
import itertools
import random
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from fleet.inbox import Inbox
from sandbox.client import SandboxClient
from tests.process import Process, service_process
from tests.proofs.chats import answers, letters, token, until_answered, until_dead
from tests.proofs.mail import text
from tests.proofs.watch import APP
from tests.waiting import until

CAREFUL, OTHER = 3700001, 3700002
TIMEOUT = 15
"""HANDLER_TIMEOUT, seconds."""
_user_ids = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    redis_url: str, sandbox_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    """One replica for most tests here: each has users, and so conversations, of its own."""
    async with SandboxClient(sandbox_url) as sandbox:
        for bot in (CAREFUL, OTHER):
            await sandbox.add(token(bot))
    process = service_process(
        APP,
        tmp_path_factory.mktemp("service"),
        _database(redis_url),
        sandbox_url,
        BOT_TOKENS=f"{token(CAREFUL)} {token(OTHER)}",
        HANDLER_TIMEOUT=str(TIMEOUT),
    )
    try:
        await process.wait_ready()
        yield process
    finally:
        await process.kill()
        print(process.log)  # noqa: T201 - shown if a test failed


def _database(redis_url: str) -> str:
    return redis_url.removesuffix("/0") + "/3"


@pytest_asyncio.fixture
async def inbox(redis_url: str, service: Process) -> AsyncIterator[Inbox]:
    """The inbox of `service`."""
    async with Redis.from_url(_database(redis_url)) as redis:
        yield Inbox(redis)


@pytest.fixture
def user() -> int:
    return next(_user_ids)


# What handlers do


async def test_a_handler_that_raises_harms_nobody(
    sandbox: SandboxClient, inbox: Inbox, user: int
) -> None:
    before = time.time()
    update_id = await sandbox.send(CAREFUL, "raise", user_id=user)
    await sandbox.send(CAREFUL, "next", user_id=user)
    # aiogram's error handler has apologised, and the conversation goes on.
    await until_answered(sandbox, CAREFUL, user, ["sorry", "next"])
    letter = await until_dead(inbox, user, CAREFUL)
    assert letter.bot_id == CAREFUL
    assert letter.update["update_id"] == update_id
    assert letter.update["message"]["text"] == "raise"
    assert letter.error == "ValueError: as told"
    assert letter.traceback.startswith("Traceback")
    assert set(re.findall(r'File ".*/(\w+\.py)"', letter.traceback)) == {"app.py"}
    assert letter.died == 0
    assert before - 1 < letter.failed_at.timestamp() < time.time() + 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("exit", "SystemExit: 3"),
        ("cancel", "CancelledError"),
        ("unprintable", "UnprintableError"),
        ("unformattable", "SyntaxError"),
        ("surrogate", r"no file \udcff"),
        ("mistake", "WRONGTYPE"),
        (f"sleep {TIMEOUT + 60}", "TimeoutError"),
    ],
)
async def test_a_handler_that_fails_otherwise_harms_nobody_either(
    service: Process, sandbox: SandboxClient, inbox: Inbox, user: int, words: str, error: str
) -> None:
    await sandbox.send(CAREFUL, words, user_id=user)
    await sandbox.send(CAREFUL, "next", user_id=user)
    letter = await until_dead(inbox, user, CAREFUL)
    assert error in letter.error
    assert letter.update["message"]["text"] == words

    async def goes_on() -> bool:
        return "next" in await answers(sandbox, CAREFUL, user)

    await until(goes_on, "the conversation goes on")
    await service.wait_ready()


async def test_a_method_that_a_handler_returns_is_sent(
    service: Process, sandbox: SandboxClient, user: int
) -> None:
    await sandbox.send(CAREFUL, "return", user_id=user)
    await until_answered(sandbox, CAREFUL, user, ["returned"])


# What updates are


async def test_an_update_that_aiogram_cannot_read_blocks_nobody(
    sandbox: SandboxClient, inbox: Inbox, user: int
) -> None:
    chat = {"id": user, "type": "private"}
    broken = {"message": {"message_id": "one", "chat": chat, "from": {"id": user}}}
    await sandbox.push(CAREFUL, [broken])
    await sandbox.send(CAREFUL, "next", user_id=user)
    await until_answered(sandbox, CAREFUL, user, ["next"])
    letter = await until_dead(inbox, user, CAREFUL)
    assert "ValidationError" in letter.error
    assert letter.update["message"] == broken["message"]


async def test_an_update_of_an_unknown_type_is_no_error(
    sandbox: SandboxClient, inbox: Inbox, user: int
) -> None:
    # Past the sandbox, which like Telegram delivers only types that were asked for.
    hologram = {"chat": {"id": user}, "from": {"id": user}, "size": 3}
    await inbox.put(CAREFUL, [{"update_id": 1, "hologram": hologram}])
    await inbox.put(CAREFUL, [text(2, "next", user=user)])
    # That chat the sandbox does not know: what counts is that nothing is left.
    await until(lambda: _is_empty(inbox), "nothing waits")
    assert all("message" in letter.update for letter in await letters(inbox, user, CAREFUL))


async def _is_empty(inbox: Inbox) -> bool:
    return not await inbox.sizes()


# Order


async def test_a_conversation_is_in_order_and_delays_no_other(
    service: Process, sandbox: SandboxClient, redis_url: str, user: int
) -> None:
    quick = next(_user_ids)
    await sandbox.send(CAREFUL, "wait go-on", user_id=user)
    for words in ("a", "b", "c"):
        await sandbox.send(CAREFUL, words, user_id=user)
    for bot, person in ((CAREFUL, quick), (OTHER, user)):
        await sandbox.send(bot, "quick", user_id=person)
        await until_answered(sandbox, bot, person, ["quick"])
    assert await answers(sandbox, CAREFUL, user) == []
    async with Redis.from_url(_database(redis_url)) as redis:
        await redis.set("go-on", 1)
    await until_answered(sandbox, CAREFUL, user, ["wait go-on", "a", "b", "c"])


async def test_turns_of_a_conversation_are_never_two_at_once(
    service: Process, sandbox: SandboxClient
) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - no secret
    print(f"seed {seed}")  # noqa: T201 - to repeat it
    choices = random.Random(seed)  # noqa: S311 - no secret
    users = [next(_user_ids) for _ in range(20)]
    sent: dict[int, list[str]] = {user: [] for user in users}
    for _ in range(100):
        sent[choices.choice(users)].append("count")
    for user, texts in sent.items():
        await asyncio.gather(*(sandbox.send(CAREFUL, words, user_id=user) for words in texts))
    # Each turn reads the sum, and writes it a round trip later: two at once would count the same.
    for user, texts in sent.items():
        await until_answered(sandbox, CAREFUL, user, [str(n + 1) for n in range(len(texts))])
