"""Polls and payments: what users do with messages that ask for something."""

import asyncio
import time
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InputPollOption, LabeledPrice, Message

from sandbox.client import SandboxClient, SandboxError
from sandbox.errors import NothingCameError
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_sending import YES

pytestmark = pytest.mark.usefixtures("fitting")
BOB = 8


async def vote(sandbox: SandboxClient, poll: Message, *options: int, user_id: int = ALICE) -> None:
    await sandbox.ask(
        "vote",
        bot_id=BOT_ID,
        chat_id=poll.chat.id,
        user_id=user_id,
        message_id=poll.message_id,
        option_ids=list(options),
    )


async def test_votes_with_names(sandbox: SandboxClient, bot: Bot) -> None:
    update_id = await sandbox.send(BOT_ID, "hi")
    poll = await bot.send_poll(
        ALICE,
        "<b>Which</b>?",
        [InputPollOption(text="<i>one</i>", text_parse_mode="HTML"), "two", "three"],
        question_parse_mode="HTML",
        is_anonymous=False,
        allows_multiple_answers=True,
    )
    assert poll.poll
    assert poll.poll.question == "Which?"
    assert poll.poll.options[0].text_entities
    await vote(sandbox, poll, 0, 2)
    await vote(sandbox, poll)  # takes it back
    _, first, _, second = await bot.get_updates(update_id + 1)
    assert first.poll_answer
    assert first.poll_answer.user
    assert (first.poll_answer.user.id, first.poll_answer.option_ids) == (ALICE, [0, 2])
    assert second.poll_answer
    assert second.poll_answer.option_ids == []
    seen = (await sandbox.messages(BOT_ID, ALICE))[-1]["poll"]
    assert seen["total_voter_count"] == 0


async def test_a_poll_of_a_person(sandbox: SandboxClient, bot: Bot) -> None:
    """The bot gets it as a message, and is not told of its votes."""
    asked = {"question": "Tea?", "options": [{"text": "Yes"}, {"text": "No"}]}
    closes = {"close_date": int(time.time()) + 60}
    sent = await sandbox.ask("send", bot_id=BOT_ID, content={"poll": asked | closes})
    update_id = sent["update_id"]
    [update] = await bot.get_updates(update_id)
    assert update.message
    poll = update.message.poll
    assert poll
    assert (poll.question, poll.is_anonymous, poll.total_voter_count) == ("Tea?", True, 0)
    await vote(sandbox, update.message, 1)
    assert await bot.get_updates(update_id + 1) == []
    await sandbox.ask("advance", seconds=90)
    seen = (await sandbox.messages(BOT_ID, ALICE))[-1]["poll"]
    assert (seen["options"][1]["voter_count"], seen["is_closed"]) == (1, True)
    with pytest.raises(SandboxError, match="wrong value: KeyError"):
        await sandbox.ask("send", bot_id=BOT_ID, content={"poll": {"question": "Tea?"}})


async def test_an_anonymous_poll_is_counted_and_stopped(sandbox: SandboxClient, bot: Bot) -> None:
    update_id = await sandbox.send(BOT_ID, "hi")
    poll = await bot.send_poll(ALICE, "Which?", ["one", "two"])
    await vote(sandbox, poll, 1)
    with pytest.raises(SandboxError, match="takes one answer"):
        await vote(sandbox, poll, 0, 1)
    with pytest.raises(SandboxError, match="count from 0 to 1"):
        await vote(sandbox, poll, 2)
    stopped = await bot.stop_poll(ALICE, poll.message_id, reply_markup=YES)
    assert stopped.is_closed
    assert [option.voter_count for option in stopped.options] == [0, 1]
    with pytest.raises(SandboxError, match="the poll is closed"):
        await vote(sandbox, poll, 0)
    with pytest.raises(TelegramBadRequest, match="poll has already been closed"):
        await bot.stop_poll(ALICE, poll.message_id)
    voted, closed = await bot.get_updates(update_id + 1)
    assert voted.poll
    assert voted.poll_answer is None
    assert (voted.poll.total_voter_count, voted.poll.is_closed) == (1, False)
    assert closed.poll
    assert closed.poll.is_closed


async def test_a_poll_ends_by_itself(sandbox: SandboxClient, bot: Bot) -> None:
    update_id = await sandbox.send(BOT_ID, "hi")
    poll = await bot.send_poll(ALICE, "Which?", ["one", "two"], close_date=int(time.time()) + 600)
    assert poll.poll
    assert poll.poll.open_period
    await sandbox.ask("advance", seconds=600)
    [update] = await bot.get_updates(update_id + 1, limit=1, timeout=10)
    assert update.poll
    assert update.poll.is_closed
    assert (await sandbox.messages(BOT_ID, ALICE))[-1]["poll"]["is_closed"]


async def test_a_quiz(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    poll = await bot.send_poll(
        ALICE,
        "2 + 2?",
        ["4", "5"],
        type="quiz",
        correct_option_ids=[0],
        explanation="*Count*",
        explanation_parse_mode="Markdown",
        open_period=60,
    )
    assert poll.poll
    assert (poll.poll.type, poll.poll.correct_option_ids) == ("quiz", [0])
    assert poll.poll.explanation == "Count"
    assert poll.poll.explanation_entities
    assert poll.poll.close_date
    await vote(sandbox, poll, 1)
    with pytest.raises(SandboxError, match="cannot be changed"):
        await vote(sandbox, poll, 0)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"options": ["a"]}, "text must be non-empty"),
        ({"question": "x"}, "can't parse options JSON object"),
        ({"question": "x", "options": {}}, "expected an Array of String as options"),
        ({"question": "x", "options": []}, "poll must have at least one answer option"),
        ({"question": "x", "options": ["a"] * 13}, "poll can't have more than 12 options"),
        ({"question": "x", "options": ["a", " "]}, "text must be non-empty"),
        ({"question": "x", "options": ["a" * 101]}, "poll options length must not exceed 100"),
        ({"question": "x" * 301, "options": ["a"]}, "poll question length must not exceed 300"),
        ({"question": "x", "options": ["a"], "type": "test"}, "unsupported poll type specified"),
        (
            {"question": "x", "options": ["a"], "type": "quiz"},
            "correct quiz option list must be non-empty",
        ),
        (
            {"question": "x", "options": ["a"], "type": "quiz", "correct_option_id": 1},
            "wrong quiz correct_option_id",
        ),
    ],
)
async def test_wrong_polls(
    sandbox: SandboxClient, raw: Raw, params: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    status, body = await raw("sendPoll", chat_id=ALICE, **params)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


async def invoice(sandbox: SandboxClient, bot: Bot) -> int:
    await sandbox.send(BOT_ID, "/buy")
    prices = [LabeledPrice(label="Tea", amount=300), LabeledPrice(label="Cake", amount=450)]
    sent = await bot.send_invoice(
        ALICE, "Tea", "With cake", "order 5", "EUR", prices, provider_token="1:TEST:a"
    )
    assert sent.reply_markup
    assert sent.reply_markup.inline_keyboard[0][0].text == "Pay 7.50 EUR"
    return sent.message_id


async def checkout(bot: Bot) -> str:
    """The id of the query, which must come."""
    while not (updates := await bot.get_updates(-1, timeout=5))[0].pre_checkout_query:
        await bot.get_updates(updates[0].update_id + 1)
    query = updates[0].pre_checkout_query
    assert (query.invoice_payload, query.total_amount) == ("order 5", 750)
    return query.id


async def test_a_user_pays(sandbox: SandboxClient, bot: Bot) -> None:
    message_id = await invoice(sandbox, bot)
    paying = asyncio.create_task(
        sandbox.ask("pay", bot_id=BOT_ID, message_id=message_id, timeout=5, wait=5)
    )
    query_id = await checkout(bot)
    assert await bot.answer_pre_checkout_query(query_id, ok=True)
    assert (await paying)["ok"]
    [*_, update] = await bot.get_updates()
    assert update.message
    assert update.message.successful_payment
    assert update.message.successful_payment.invoice_payload == "order 5"
    charge_id = update.message.successful_payment.telegram_payment_charge_id
    with pytest.raises(TelegramBadRequest, match="CHARGE_ID_INVALID"):  # these are no Stars
        await bot.refund_star_payment(ALICE, charge_id)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_pre_checkout_query(query_id, ok=True)


async def test_stars_are_given_back_once(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "/buy")
    paid = {"currency": "XTR", "total_amount": 750, "invoice_payload": "order 5"}
    charges = {"telegram_payment_charge_id": "1", "provider_payment_charge_id": "2"}
    content = {"successful_payment": paid | charges}
    await sandbox.ask("send", bot_id=BOT_ID, content=content)
    assert await bot.refund_star_payment(ALICE, "1")
    [*_, update] = await bot.get_updates()
    assert update.message
    assert update.message.refunded_payment
    assert update.message.refunded_payment.total_amount == 750
    with pytest.raises(TelegramBadRequest, match="CHARGE_ALREADY_REFUNDED"):
        await bot.refund_star_payment(ALICE, "1")


async def test_a_bot_refuses_a_payment(sandbox: SandboxClient, bot: Bot, raw: Raw) -> None:
    message_id = await invoice(sandbox, bot)
    paying = asyncio.create_task(
        sandbox.ask("pay", bot_id=BOT_ID, message_id=message_id, timeout=5, wait=5)
    )
    query_id = await checkout(bot)
    _, body = await raw("answerPreCheckoutQuery", pre_checkout_query_id=query_id, ok=False)
    assert body["description"] == 'Bad Request: parameter "error_message" is required'
    await bot.answer_pre_checkout_query(query_id, ok=False, error_message="Sold out")
    assert await paying == {"ok": False, "error_message": "Sold out"}
    assert len(await sandbox.messages(BOT_ID, ALICE)) == 2


async def test_payments_that_cannot_be(sandbox: SandboxClient, bot: Bot) -> None:
    message_id = await invoice(sandbox, bot)
    with pytest.raises(NothingCameError):
        await sandbox.ask("pay", bot_id=BOT_ID, message_id=message_id, timeout=0.05)
    with pytest.raises(SandboxError, match="message 1 is no invoice"):
        await sandbox.ask("pay", bot_id=BOT_ID, message_id=1)
    prices = [LabeledPrice(label="x", amount=1)]
    with pytest.raises(TelegramBadRequest, match="STARS_INVOICE_INVALID"):
        await bot.send_invoice(ALICE, "T", "D", "p", "XTR", prices * 2)
    with pytest.raises(TelegramBadRequest, match="REPLY_MARKUP_BUY_EMPTY"):
        await bot.send_invoice(ALICE, "T", "D", "p", "XTR", prices, reply_markup=YES)
