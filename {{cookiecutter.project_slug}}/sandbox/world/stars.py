"""Telegram Stars and what is paid: https://core.telegram.org/bots/api#startransaction."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.world.events import Json


@dataclass(frozen=True, slots=True)
class Terms:
    """Of an invoice or of paid media: what only its bot knows of it."""

    payload: str
    needs: tuple[str, ...] = ()
    """The fields of OrderInfo that the user has to fill in."""
    flexible: bool = False
    """Whether the price depends on where it is shipped to."""
    period: int = 0
    """Seconds after which a subscription is paid again; 0: it is none."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An invoice that a link leads to."""

    bot_id: int
    invoice: Json
    """The Invoice object."""
    terms: Terms


@dataclass(slots=True)
class Subscription:
    """Of a user, who pays a bot again and again."""

    user_id: int
    payload: str
    by_user: bool = False
    by_bot: bool = False
    """Whether it is cancelled, and by whom."""


class Purse:
    """The Stars of a bot."""

    def __init__(self) -> None:
        self.transactions: list[Json] = []
        """StarTransaction objects, oldest first."""
        self.subscriptions: dict[str, Subscription] = {}
        """By the id of the first charge."""

    @property
    def balance(self) -> int:
        """Stars that came in, less those that went out."""
        return sum(
            one["amount"] if "source" in one else -one["amount"] for one in self.transactions
        )

    def note(
        self, charge_id: str, amount: int, partner: Json, date: int, *, out: bool = False
    ) -> None:
        """Stars come from a partner or go to one (#transactionpartner)."""
        side = "receiver" if out else "source"
        made = {"id": charge_id, "amount": amount, "date": date, side: partner}
        self.transactions.append(made)


def from_user(user: Json, kind: str = "invoice_payment", **about: object) -> Json:
    """https://core.telegram.org/bots/api#transactionpartneruser"""
    known = {name: value for name, value in about.items() if value}
    return {"type": "user", "transaction_type": kind, "user": user, **known}
