"""A pytest plugin: tests that read like a conversation.

In `tests/conftest.py`, unless the package telegram-sandbox is installed:

    pytest_plugins = ["sandbox.testing.plugin"]

Then say which bots and which dispatcher are under test by the fixtures `bots` and `dispatcher`, and
by `bot_defaults` what holds for all calls of the bots, if there is such a thing:

    @pytest.fixture
    def bots() -> dict[str, BotUnderTest]:
        return {"shop": BotUnderTest("1000001:any-token", role_data("shop"))}  # or a Bot

    @pytest.fixture
    async def dispatcher() -> AsyncIterator[Dispatcher]:
        async with FakeAsyncRedis() as redis:
            yield create_dispatcher(redis)

And test:

    async def test_ping(user: NewUser) -> None:
        alice = user("Alice")
        await alice.send("/ping")
        assert (await alice.reply()).text == "pong"

Each test has a sandbox of its own, in its event loop, without sockets. `pytest --sandbox URL`
runs the same tests against the sandbox at that address and the service that serves its bots.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Generator, Iterable, Mapping
from typing import Protocol

import pytest
import pytest_asyncio
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties

from sandbox.client import SandboxError
from sandbox.testing.bots import Account, BotUnderTest
from sandbox.testing.groups import Group
from sandbox.testing.hints import hint
from sandbox.testing.people import User
from sandbox.testing.running import in_process, over_http
from sandbox.testing.telegram import Telegram
from sandbox.testing.turns import PlainTurns, Turns


class NewUser(Protocol):
    """What the fixture `user` gives: `alice = user("Alice")`, who is new to all bots and talks to
    the first one, or to `bot`. With a `user_id` it is somebody whom the bot may know. Others have
    no last name, no username and the language `en`, an IETF tag, unless told otherwise."""

    def __call__(
        self,
        name: str,
        *,
        bot: str | Account | None = None,
        user_id: int | None = None,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
    ) -> User: ...


class NewChat(Protocol):
    """What the fixture `chat` gives: `team = await chat("Team", alice, bob)`, a group with all
    bots under test, or with `bots`. It is a supergroup, as most are, unless told otherwise."""

    async def __call__(
        self,
        title: str,
        *members: User,
        bots: Iterable[str] | None = None,
        supergroup: bool = True,
    ) -> Group: ...


class NewChannel(Protocol):
    """What the fixture `channel` gives: `news = await channel("News", alice, username="news")`, a
    channel of which all bots under test are administrators, or `bots`."""

    async def __call__(
        self,
        title: str,
        *members: User,
        bots: Iterable[str] | None = None,
        username: str | None = None,
    ) -> Group: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sandbox",
        metavar="URL",
        default=os.environ.get("SANDBOX_URL"),
        help="test the bots that run against the sandbox at this address, not the dispatcher in "
        "this process (default: SANDBOX_URL)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "in_process: has bots, a dispatcher or a time of its own, so it is skipped with --sandbox",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Show the conversation beside the error."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        telegram = getattr(item, "funcargs", {}).get("telegram")
        chats = telegram.conversations() if isinstance(telegram, Telegram) else []
        # Without the one that the error has told already.
        if told := [chat for chat in chats if chat.partition("\n")[2] not in str(error)]:
            item.add_report_section("call", "conversation", "\n".join(told))
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show where an `await` is missing, and what there is instead of what is not."""
    if call.excinfo and (told := hint(call.excinfo.value)):
        call.excinfo.value.add_note(told)
    report = yield
    if call.excinfo and (missing := unawaited(call.excinfo.value)):
        report.longrepr = missing
    return report


def unawaited(error: BaseException) -> str:
    """Where the calls are that nobody awaited, if that is the error: pytest shows its own code."""
    errors = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
    causes = [str(one.__cause__) for one in errors]
    if not all("was never awaited" in cause for cause in causes):
        return ""
    return "\n".join([*causes, "Write `await` before it."])


@pytest.fixture
def bots() -> Mapping[str, BotUnderTest | Bot]:
    """The bots under test, by the names that tests give them. To be overridden."""
    raise pytest.UsageError("override the fixture `bots` in a conftest.py: see sandbox/README.md")


@pytest.fixture
def dispatcher() -> Dispatcher:
    """The dispatcher under test. To be overridden."""
    raise pytest.UsageError(
        "override the fixture `dispatcher` in a conftest.py, or say where the bots run, by "
        "--sandbox: see sandbox/README.md"
    )


@pytest.fixture
def turns(dispatcher: Dispatcher) -> Turns:
    """Which turns updates get: each one of its own. To be overridden where a service does more."""
    return PlainTurns(dispatcher)


@pytest.fixture
def bot_defaults() -> DefaultBotProperties:
    """What the bots under test have as `Bot(default=...)`. To be overridden. Against a running
    stack it is the service's business."""
    return DefaultBotProperties()


@pytest.fixture
def sandbox_server(request: pytest.FixtureRequest) -> str | None:
    """The address of the sandbox to test against; None: in this process."""
    url: str | None = request.config.getoption("--sandbox")
    if url and request.node.get_closest_marker("in_process"):
        pytest.skip("has bots, a dispatcher or a time of its own")
    return url


@pytest.fixture
def served_by(
    request: pytest.FixtureRequest, sandbox_server: str | None
) -> str | tuple[Dispatcher, Turns]:
    """What serves the bots. Against a running stack nobody makes a dispatcher here."""
    if sandbox_server:
        return sandbox_server
    dispatcher = request.getfixturevalue("dispatcher")
    if not isinstance(dispatcher, Dispatcher):
        raise pytest.UsageError(
            f"the fixture `dispatcher` gives a {type(dispatcher).__name__}, not a Dispatcher; if "
            'it is async, set asyncio_mode = "auto" in pyproject.toml'
        )
    return dispatcher, request.getfixturevalue("turns")


@pytest_asyncio.fixture
async def telegram(
    served_by: str | tuple[Dispatcher, Turns],
    bots: Mapping[str, BotUnderTest | Bot],
    bot_defaults: DefaultBotProperties,
) -> AsyncIterator[Telegram]:
    """Telegram's side: the bots, their calls, faults."""
    if not bots:
        raise pytest.UsageError("the fixture `bots` names no bot")
    if isinstance(served_by, str):
        ways = over_http(served_by, bots)
    else:
        dispatcher, turns = served_by
        ways = in_process(dispatcher, bots, bot_defaults, turns)
    depth = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(1)  # for `unawaited`
    try:
        async with ways as telegram:
            yield telegram
    except SandboxError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    finally:
        sys.set_coroutine_origin_tracking_depth(depth)


@pytest.fixture
def user(telegram: Telegram) -> NewUser:
    """People: `alice = user("Alice")`."""
    return telegram.person


@pytest.fixture
def chat(telegram: Telegram) -> NewChat:
    """Groups: `team = await chat("Team", alice, bob)`."""
    return telegram.create_group


@pytest.fixture
def channel(telegram: Telegram) -> NewChannel:
    """Channels: `news = await channel("News", alice, username="news")`."""
    return telegram.create_channel
