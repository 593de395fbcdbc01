"""Flood control: how fast a bot may write, and what becomes of one that does not wait."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter

from sandbox.client import SandboxClient, SandboxError
from sandbox.errors import ApiError
from sandbox.world.events import Events
from sandbox.world.limits import ANSWERING, LONGEST, Limits, Rates
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw
from tests.sandbox.test_groups import team

NEVER = float("-inf")
GROUP = -1001


class Flood:
    """A bot that writes at times of its own."""

    def __init__(self, rates: Rates | None = None) -> None:
        self.now = 1000.0
        self.limits = Limits(Events(), lambda: self.now)
        self.limits.set(rates or Rates())

    def send(self, chat_id: int = ALICE, count: int = 1, *, answer: bool = True) -> int:
        """Returns the seconds to wait; 0: it went through."""
        try:
            self.limits.take(BOT_ID, chat_id, self.now if answer else NEVER, count)
        except ApiError as error:
            return error.parameters["retry_after"]
        return 0


def test_a_chat_has_a_burst_and_then_one_a_second() -> None:
    flood = Flood()
    assert [flood.send() for _ in range(7)] == [0] * 6 + [1]
    assert flood.send(8) == 0  # other chats go on
    for _ in range(20):
        flood.now += 1
        assert flood.send() == 0
    flood.now += 6
    assert [flood.send() for _ in range(7)] == [0] * 6 + [1]


def test_a_group_has_twenty_a_minute() -> None:
    flood = Flood()
    for _ in range(20):
        assert flood.send(GROUP) == 0
        flood.now += 1
    wait = flood.send(GROUP)
    assert wait == 40  # until the first of them is a minute old
    flood.now += wait
    assert flood.send(GROUP) == 0


def test_what_goes_to_many_is_thirty_a_second_and_answers_are_not() -> None:
    flood = Flood()
    sent = [flood.send(chat_id, answer=False) for chat_id in range(1, 32)]
    assert sent == [0] * 30 + [1]
    assert flood.send(100) == 0
    flood.limits.take(BOT_ID, 101, flood.now - ANSWERING)  # is an answer yet
    assert flood.send(102, answer=False) == 1
    flood.limits.take(SECOND_ID, 102, NEVER)  # another bot
    flood.now += 1
    assert flood.send(102, answer=False) == 0


def test_a_paid_broadcast_is_faster() -> None:
    flood = Flood()
    for chat_id in range(1, 1001):
        flood.limits.take(BOT_ID, chat_id, NEVER, paid=True)
    with pytest.raises(ApiError):
        flood.limits.take(BOT_ID, 2000, NEVER, paid=True)


def test_an_album_counts_as_many_and_passes_as_a_whole() -> None:
    flood = Flood()
    assert flood.send(count=10) == 0
    assert flood.send() == 5


def test_who_goes_on_is_shut_out_for_longer_and_longer() -> None:
    flood = Flood(Rates(burst=1))
    assert [flood.send(), flood.send()] == [0, 1]
    assert [flood.send() for _ in range(50)] == [1] * 50  # they were under way
    waits = []
    for _ in range(16):
        flood.now += 0.6
        waits.append(flood.send())
    assert waits == [min(LONGEST, 2**step) for step in range(1, 17)]
    [shut] = flood.limits.describe()["shut"]
    assert (shut["bot_id"], shut["chat_id"], shut["refused"]) == (BOT_ID, ALICE, 67)
    flood.now += LONGEST
    assert flood.send() == 0
    assert flood.send() == 1  # who waited begins anew
    flood.now += 1
    assert flood.limits.describe()["shut"] == []


async def test_nobody_is_slowed_down_until_somebody_asks(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    for _ in range(10):
        assert (await raw("sendMessage", chat_id=ALICE, text="x"))[0] == 200
    assert await sandbox.limits() == {"rates": None, "shut": []}
    with pytest.raises(SandboxError, match="limits: a rate is above zero"):
        await sandbox.limits(on=True, chat=0)


async def test_a_flood_is_answered_as_telegram_does(
    sandbox: SandboxClient, bot: Bot, raw: Raw
) -> None:
    await sandbox.send(BOT_ID, "hi")
    state = await sandbox.limits(on=True, chat=0.01, burst=2)
    assert state["rates"] == {"chat": 0.01, "burst": 2, "group": 20, "bulk": 30}
    sent = await bot.send_message(ALICE, "one")
    await bot.edit_message_text("two", chat_id=ALICE, message_id=sent.message_id)
    status, body = await raw("sendMessage", chat_id=ALICE, text="three")
    assert status == 429
    wait = body["parameters"]["retry_after"]
    assert body["description"] == f"Too Many Requests: retry after {wait}"
    assert 90 < wait <= 100
    with pytest.raises(TelegramRetryAfter):
        await bot.forward_message(ALICE, ALICE, sent.message_id)
    with pytest.raises(TelegramRetryAfter):
        await bot.send_chat_action(ALICE, "typing")
    await bot.get_chat(ALICE)
    await bot.delete_message(ALICE, sent.message_id)
    [shut] = (await sandbox.limits())["shut"]
    assert (shut["bot_id"], shut["chat_id"]) == (BOT_ID, ALICE)
    await sandbox.limits(on=False)
    await bot.send_message(ALICE, "three")


async def test_what_costs_nothing(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await team(sandbox)
    await sandbox.limits(on=True, chat=0.01, burst=1)
    for _ in range(5):
        await bot.send_chat_action(chat_id, "typing")
    await bot.send_message(chat_id, "x")
