"""The groups and channels of a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sandbox.testing.stage import Stage


class Person(Protocol):
    """Somebody who can be in a group."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True)
class Group:
    """A group chat or a channel."""

    telegram: Stage = field(repr=False)
    id: int
    title: str

    def key(self, _: int) -> str:
        """What the sandbox calls it, whoever is in it."""
        return str(self.id)

    async def add(self, member: Person | str) -> None:
        """A person joins, or a bot, by its name in the tests, is added."""
        __tracebackhide__ = True
        await self._ask("add_member", member)

    async def remove(self, member: Person | str, *, by: Person | None = None) -> None:
        """A person leaves, or a bot is thrown out; or an administrator bans either."""
        __tracebackhide__ = True
        await self._ask("remove_member", member, by_id=by.id if by else None)

    async def promote(self, member: Person | str, *rights: str, by: Person | None = None) -> None:
        """The owner, or an administrator, makes a person or a bot one, with all rights or with
        these: https://core.telegram.org/bots/api#chatmemberadministrator."""
        __tracebackhide__ = True
        given = {"rights": list(rights)} if rights else {}
        await self._ask("promote", member, by_id=by.id if by else None, **given)

    async def migrate(self) -> Group:
        """Make it a supergroup, and give that: it has another id, of which the bots are told."""
        __tracebackhide__ = True
        described = await self.telegram.ask("migrate", chat_id=self.id)
        self.telegram.chats[described["id"]] = self.title
        return Group(self.telegram, described["id"], self.title)

    async def _ask(self, command: str, member: Person | str, **arguments: object) -> None:
        __tracebackhide__ = True
        if isinstance(member, str):
            member_id = self.telegram.bot(member).id
        else:
            member_id = member.id
            await self.telegram.introduce(member_id)
        await self.telegram.ask(command, chat_id=self.id, member_id=member_id, **arguments)
