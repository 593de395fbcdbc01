"""Paying: https://core.telegram.org/bots/api#payments. No money is moved."""

from __future__ import annotations

import asyncio

from sandbox.control.looking import LONGEST_WAIT
from sandbox.control.people import find
from sandbox.errors import ControlError, NothingCameError
from sandbox.world.events import Json
from sandbox.world.pending import Checkout
from sandbox.world.world import ALICE, World


async def pay(
    world: World,
    message_id: int,
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
    timeout: float = 10.0,
) -> Json:
    """A user pays an invoice: the bot gets `pre_checkout_query` and, when it agrees within
    `timeout` seconds, the message `successful_payment`.

    Answers {"ok": true, "message": …} or, when the bot refuses, {"ok": false, "error_message": …}.
    """
    chat, stored = find(world, bot_id, user_id if chat_id is None else chat_id, message_id)
    invoice = stored.message.get("invoice")
    if invoice is None or not stored.payload:
        raise ControlError(f"message {message_id} is no invoice of a bot")
    bot, user, query_id = world.bot(stored.bot_id or 0), world.user(user_id), world.new_id()
    about = {
        "currency": invoice["currency"],
        "total_amount": invoice["total_amount"],
        "invoice_payload": stored.payload,
    }
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    world.checkouts[query_id] = Checkout(bot.bot_id, answer)
    chat.acts()
    bot.enter([{"pre_checkout_query": {"id": query_id, "from": user, **about}}])
    try:
        async with asyncio.timeout(min(LONGEST_WAIT, timeout)):
            problem = await answer
    except TimeoutError:
        raise NothingCameError(chat.view()) from None
    if problem:
        return {"ok": False, "error_message": problem}
    charges = {f"{who}_payment_charge_id": world.new_id() for who in ("telegram", "provider")}
    _, message = world.write(chat, user, {"successful_payment": about | charges})
    return {"ok": True, "message": message}


COMMANDS = (pay,)
