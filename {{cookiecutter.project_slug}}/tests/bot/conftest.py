"""The service, run once for all tests here, and people to talk to its bots."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count

import pytest
import pytest_asyncio

from sandbox.client import SandboxClient
from tests.bot.conversation import Person
from tests.process import Process, service_process

SUPPORT = 1000001
"""The id of the bot whose role is `support`."""
PLAIN = 1000002
"""The id of a bot without a role."""
SUPPORT_TOKEN = f"{SUPPORT}:{'s' * 35}"
PLAIN_TOKEN = f"{PLAIN}:{'p' * 35}"

Talk = Callable[..., Person]
_user_ids = count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(
    redis_url: str, sandbox_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    """`python -m bot` with both bots."""
    async with SandboxClient(sandbox_url) as sandbox:
        await sandbox.add(SUPPORT_TOKEN)
        await sandbox.add(PLAIN_TOKEN)
    tokens = f"support={SUPPORT_TOKEN}, {PLAIN_TOKEN}"
    folder = tmp_path_factory.mktemp("service")
    process = service_process("bot", folder, redis_url, sandbox_url, BOT_TOKENS=tokens)
    try:
        await process.wait_ready()
        yield process
    finally:
        await process.kill()


@pytest.fixture
def talk(
    service: Process, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> Iterator[Talk]:
    """Open chats: `alice = talk(SUPPORT)`.

    Each person is a new one in a private chat of their own, unless `user_id` and `chat_id` say
    otherwise. pytest shows what the service has logged meanwhile if the test fails.
    """

    def open_chat(bot_id: int, *, user_id: int | None = None, chat_id: int | None = None) -> Person:
        user_id = user_id or next(_user_ids)
        return Person(sandbox, bot_id, user_id, chat_id or user_id)

    service.new_log()
    yield open_chat
    request.node.add_report_section("teardown", "log of the service", service.new_log())
