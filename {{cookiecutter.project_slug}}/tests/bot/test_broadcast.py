"""`/broadcast`, without a service: it goes out when the turn is over in which it was sent."""

import pytest
from aiogram import Dispatcher
from fakeredis import FakeAsyncRedis
from pydantic import SecretStr

from bot.dispatcher import create_dispatcher
from fleet.bots.fleet import Fleet
from fleet.bots.role import role_data
from fleet.bots.shared import Shared
from fleet.settings import Settings
from sandbox.testing import BotUnderTest, Message, NewUser, Telegram, User
from tests.bot.conftest import accept

pytestmark = pytest.mark.in_process
TOKEN = f"1000100:{'m' * 35}"
ADMIN = 7000
LOOK = {"seconds": 2}
"""After so long the message about a broadcast is renewed."""


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    return {"manager": BotUnderTest(TOKEN, role_data("manager"))}


@pytest.fixture
def dispatcher(redis: FakeAsyncRedis, monkeypatch: pytest.MonkeyPatch) -> Dispatcher:
    monkeypatch.setenv("ADMIN_IDS", str(ADMIN))
    settings = Settings(bot_tokens=SecretStr(f"manager={TOKEN}"))
    dispatcher = create_dispatcher(redis)
    dispatcher["fleet"] = Fleet(Shared.open(redis, settings), accept)
    return dispatcher


async def offer(admin: User) -> tuple[Message, Message]:
    """Have an admin write something and `/broadcast`; give the text and the offer to send it."""
    news = await admin.send("We are back!")
    assert (await admin.reply()).text == news.text
    await admin.send("/broadcast", reply_to=news)
    assert (await admin.reply()).text == news.text
    return news, await admin.reply()


async def test_a_broadcast_reaches_who_can_be_reached(user: NewUser, telegram: Telegram) -> None:
    admin, alice, bob = user("Admin", user_id=ADMIN), user("Alice"), user("Bob")
    for one in (alice, bob):
        await one.ask("/start")
    await bob.block()
    news, offered = await offer(admin)
    assert offered.text == "This goes to 3 chats."
    await offered.click("Send")
    assert (await alice.reply()).text == news.text
    await telegram.advance(**LOOK)
    done = (await offered.edited()).text
    assert done.startswith("Done: 3 of 3 chats")
    assert done.endswith("blocked: 1"), "Bob"


async def test_a_broadcast_is_cancelled_while_flood_control_holds_it_back(
    user: NewUser, telegram: Telegram
) -> None:
    admin = user("Admin", user_id=ADMIN)
    _, offered = await offer(admin)
    await telegram.client.fault("429", 1000100, "copyMessage", retry_after=3600)
    await offered.click("Send")
    await telegram.advance(**LOOK)
    following = await offered.edited()
    assert following.text.startswith("Running: 0 of 1 chat")
    await following.click("Cancel")
    await telegram.advance(**LOOK)
    assert (await following.edited()).text.startswith("Cancelled: 0 of 1 chat")
