"""Business accounts of people, for which bots act."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.testing.bots import Account
from sandbox.testing.groups import Person
from sandbox.testing.stage import Stage


@dataclass(frozen=True)
class Business:
    """Where people write to a business: `await bob.send("Open?", to=shop)`."""

    telegram: Stage = field(repr=False)
    id: str
    """Of the connection: https://core.telegram.org/bots/api#businessconnection."""
    owner: Person = field(repr=False)
    bot: Account
    """Which acts for the owner."""

    def key(self, person_id: int) -> str:
        """What the sandbox calls the chat of the owner with somebody."""
        return f"{self.id}/{person_id}"

    def chat(self, person: Person) -> Talk:
        """Where the owner writes: `await alice.send("Yes", to=shop.chat(bob))`."""
        return Talk(self, person)

    async def disconnect(self) -> None:
        """The bot acts for the owner no more."""
        __tracebackhide__ = True
        await self.telegram.ask("disconnect_business", connection_id=self.id)


@dataclass(frozen=True)
class Talk:
    """The chat of a business with somebody."""

    business: Business
    person: Person

    def key(self, _: int) -> str:
        """What the sandbox calls it."""
        return self.business.key(self.person.id)
