"""What somebody pays for."""

from __future__ import annotations

from sandbox.testing.errors import Refused
from sandbox.testing.guests import Guest
from sandbox.testing.message import Message
from sandbox.testing.stage import TIMEOUT
from sandbox.world.events import Json


class Payer(Guest):
    """A person with a bot, as `User` has them."""

    async def pay(
        self,
        invoice: Message | str,
        *,
        shipping: str | None = None,
        order_info: Json | None = None,
        timeout: float = TIMEOUT,
    ) -> Message:
        """Pay an invoice, as a press of its button does, or one behind a link, and give the message
        that tells of it.

        What the bot wants to know is as in `order_info`
        (https://core.telegram.org/bots/api#orderinfo), or made up; of its ways of shipping it is
        the first one, or the one with the id `shipping`. Raises Refused with what the bot says if
        it does not agree: https://core.telegram.org/bots/api#answerprecheckoutquery.
        """
        __tracebackhide__ = True
        await self.telegram.introduce(self.id)
        where: Json = {"link": invoice, "bot_id": self.bot.id}
        if isinstance(invoice, Message):
            where = self._place(invoice)
        answer = await self.telegram.answer(
            "pay",
            f"{self.bot.name} did not answer {self.name}'s payment",
            timeout,
            self.bot,
            self.key(),
            user_id=self.id,
            shipping_option_id=shipping,
            order_info=order_info,
            **where,
        )
        if not answer["ok"]:
            raise Refused(f"{self.bot.name} takes no payment: {answer['error_message']}")
        return await self._sent("message", answer["message"])

    async def buy(self, media: Message) -> None:
        """Buy paid media for Stars."""
        __tracebackhide__ = True
        await self._do("buy_media", **self._place(media))

    async def cancel_subscription(self, paid: Message) -> None:
        """Pay no more for a subscription, of which `paid` tells that it was paid for."""
        __tracebackhide__ = True
        payment = paid.raw.get("successful_payment")
        if payment is None:
            raise Refused("this message tells of no payment: `await alice.pay(…)` gives one")
        charge_id = payment["telegram_payment_charge_id"]
        await self.telegram.ask("cancel_subscription", bot_id=self.bot.id, charge_id=charge_id)

    def _place(self, message: Message) -> Json:
        """Where a message is, as commands want to know it."""
        return {
            "bot_id": self.bot.id if message.chat_id > 0 else None,
            "chat_id": message.chat_id,
            "message_id": message.message_id,
        }
