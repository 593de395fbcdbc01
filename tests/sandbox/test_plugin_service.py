"""The plugin's service in one process: turns, and what aiogram's calls raise there."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import Message, URLInputFile

from sandbox.client import SandboxClient
from sandbox.testing import BotUnderTest, NewUser, Telegram
from sandbox.testing.errors import Refused
from sandbox.testing.running import in_process

pytestmark = pytest.mark.in_process
TOKEN = f"1000001:{'s' * 35}"


class Handlers:
    """Notes what goes on; a message `wait …` is held until it is let go."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.released: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.bot: Bot

    async def handle(self, message: Message, bot: Bot, **data: Any) -> None:
        self.bot = bot
        text = message.text or ""
        self.seen.append(f"begin {text}")
        if text.startswith("wait"):
            await self.released[text].wait()
        self.seen.append(f"end {text}")
        await message.answer(f"{text} {data.get('role')}")

    async def start(self, bot: Bot, bots: tuple[Bot, ...], dispatcher: Dispatcher) -> None:
        self.seen.append(f"startup {[one.id for one in bots]} {dispatcher.name}")
        await bot.me()

    async def stop(self, bot: Bot) -> None:
        self.seen.append(f"shutdown {bot.id}")


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def dispatcher(handlers: Handlers) -> Dispatcher:
    dispatcher = Dispatcher(name="of the test")
    dispatcher.message.register(handlers.handle)
    dispatcher.startup.register(handlers.start)
    dispatcher.shutdown.register(handlers.stop)
    return dispatcher


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    return {"one": BotUnderTest(TOKEN, {"role": "first"})}


async def test_turns_of_a_conversation_are_one_at_a_time(handlers: Handlers, user: NewUser) -> None:
    alice, bob = user("Alice"), user("Bob")
    await alice.send("wait 1")
    await alice.send("2")
    assert (await bob.ask("3")).text == "3 first"  # nobody waits for another
    assert handlers.seen[1:] == ["begin wait 1", "begin 3", "end 3"]

    handlers.released["wait 1"].set()
    assert (await alice.reply()).text == "wait 1 first"
    assert (await alice.reply()).text == "2 first"
    assert handlers.seen[4:] == ["end wait 1", "begin 2", "end 2"]


async def test_silence_waits_for_the_handlers(handlers: Handlers, user: NewUser) -> None:
    alice = user("Alice")
    await alice.send("wait")
    asyncio.get_running_loop().call_later(0.1, handlers.released["wait"].set)
    with pytest.raises(AssertionError, match="one did say something to Alice: wait first"):
        await alice.hears_nothing()


async def test_time_passes(handlers: Handlers, user: NewUser, telegram: Telegram) -> None:
    alice = user("Alice")
    before = await alice.ask("1")
    await telegram.advance(hours=1, minutes=30)
    after = await alice.ask("2")
    assert 5400 <= after.raw["date"] - before.raw["date"] < 5460
    assert handlers.seen[1:] == ["begin 1", "end 1", "begin 2", "end 2"], "no update of Telegram's"
    with pytest.raises(Refused, match="time does not go back"):
        await telegram.advance(hours=-1)


async def test_startup_and_shutdown_are_emitted_and_turns_end(
    handlers: Handlers, dispatcher: Dispatcher, bots: dict[str, BotUnderTest]
) -> None:
    async with in_process(dispatcher, bots) as telegram:
        await telegram.person("Alice").send("wait for ever")
        assert await telegram.calls("getMe")
        await asyncio.sleep(0)
    assert handlers.seen == [
        "startup [1000001] of the test",
        "begin wait for ever",
        "shutdown 1000001",
    ]


async def test_a_bot_and_a_dispatcher_of_the_code_s_own_are_given_back() -> None:
    bot, dispatcher = Bot(TOKEN), Dispatcher()
    own, errors = bot.session, dispatcher.errors.outer_middleware
    before, called = list(errors), list[str]()

    @own.middleware
    async def note(make_request: Any, bot: Bot, method: Any) -> Any:
        called.append(method.__api_method__)
        return await make_request(bot, method)

    @dispatcher.message()
    async def handle(message: Message) -> None:
        await bot.send_message(message.chat.id, "by its name")
        raise ValueError(message.text)

    for _ in range(2):
        async with in_process(dispatcher, {"one": bot}) as telegram:
            assert (await telegram.person("Alice").ask("hello")).text == "by its name"
            await telegram.settled()
            raised = [one for one in telegram.journal.catch_up() if one["event"] == "raised"]
            assert len(raised) == 1
    assert bot.session is own
    assert called == ["sendMessage", "sendMessage"]
    assert list(errors) == before


@pytest.fixture
async def over_http(url: str) -> AsyncIterator[Bot]:
    """The same bot, over HTTP."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    yield Bot(TOKEN, session=session)
    await (await session.create_session()).close()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("429", TelegramRetryAfter),
        ("500", TelegramServerError),
        ("502", ClientDecodeError),
        ("reset", TelegramNetworkError),
        (None, TelegramBadRequest),
    ],
)
async def test_calls_raise_what_they_raise_over_http(
    kind: str | None,
    expected: type[Exception],
    handlers: Handlers,
    user: NewUser,
    telegram: Telegram,
    over_http: Bot,
    sandbox: SandboxClient,
) -> None:
    await user("Alice").ask("hello")
    if kind:
        await telegram.fault(kind, retry_after=7)
        await sandbox.fault(kind, retry_after=7)
    with pytest.raises(expected) as local:
        await handlers.bot.send_message(404, "x")
    with pytest.raises(expected) as remote:
        await over_http.send_message(404, "x")
    if kind != "reset":  # of which every system has its own words
        assert str(local.value) == str(remote.value)


async def test_a_call_that_hangs_times_out(
    handlers: Handlers, user: NewUser, telegram: Telegram
) -> None:
    await user("Alice").ask("hello")
    await telegram.fault("hang")
    with pytest.raises(TelegramNetworkError, match="Request timeout error"):
        await handlers.bot.get_me(request_timeout=1)


async def test_nothing_is_fetched_from_elsewhere(
    handlers: Handlers, user: NewUser, telegram: Telegram
) -> None:
    alice = user("Alice")
    await alice.ask("hello")
    with pytest.raises(OSError, match="fetch nothing from elsewhere"):
        await handlers.bot.send_photo(alice.id, URLInputFile("https://example.com/a.png"))
