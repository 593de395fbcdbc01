"""What somebody does besides talking: joins chats, opens apps, plays, blocks the bot."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.testing.bots import Account
from sandbox.testing.errors import Refused
from sandbox.testing.groups import Group
from sandbox.testing.message import Message
from sandbox.testing.seeing import Seer
from sandbox.world.apps import init_data


@dataclass(frozen=True)
class App:
    """A Mini App that somebody has opened."""

    url: str
    """With what a client of Telegram adds behind the `#`."""
    init_data: str
    """What the app is told, signed with the bot's token; empty behind a reply keyboard."""
    query_id: str | None
    """With which the bot answers, if it can: #answerwebappquery."""


class Guest(Seer):
    """A person with a bot, as `User` has them."""

    async def join(self, chat: Group, *, by: str | None = None) -> bool:
        """Join a public group or channel, or one by an invite link; False if an administrator has
        to let this person in."""
        __tracebackhide__ = True
        answer = await self._do("join", **({"link": by} if by else {"chat_id": chat.id}))
        return bool(answer["joined"])

    async def leave(self, chat: Group) -> None:
        """Leave a group or channel."""
        __tracebackhide__ = True
        await chat.remove(self)

    async def boost(self, chat: Group) -> None:
        """Boost a group or channel."""
        __tracebackhide__ = True
        answer = await self._do("boost", chat_id=chat.id)
        self.telegram.boosts[self.id, chat.id] = answer["boost_id"]

    async def unboost(self, chat: Group) -> None:
        """Take the last boost back."""
        __tracebackhide__ = True
        boost_id = self.telegram.boosts.pop((self.id, chat.id), None)
        if boost_id is None:
            raise Refused(f"{self.name} has not boosted {chat.title}")
        await self.telegram.ask("remove_boost", chat_id=chat.id, boost_id=boost_id)

    async def summon(self, chat: Group, text: str) -> Message:
        """Mention the bot in a group where it is not, and give the message; `reply` gives what it
        answers there."""
        __tracebackhide__ = True
        answer = await self._do("summon", bot_id=self.bot.id, chat_id=chat.id, text=text)
        return await self._sent("message", answer["message"])

    async def stop_draft(self) -> None:
        """Stop what the bot is streaming."""
        __tracebackhide__ = True
        await self._do("stop_draft", bot_id=self.bot.id)

    async def create_bot(
        self, name: str | None = None, username: str | None = None, *, by_link: bool = False
    ) -> Account:
        """Create a bot that this one manages, by the button that asks for it or by a link, and give
        it; name and username are those that the button suggests unless they are given."""
        __tracebackhide__ = True
        about = {"name": name, "username": username, "by_link": by_link}
        made = await self._do("create_managed_bot", bot_id=self.bot.id, **about)
        return Account(f"@{made['username']}", made["id"], made["username"])

    async def play(self, game: Message) -> None:
        """Start a game, as a press of its button does; `notice` gives what the bot answers."""
        __tracebackhide__ = True
        where = {"chat_id": game.chat_id, "message_id": game.message_id}
        answer = await self._do("play", bot_id=None if game.chat_id < 0 else self.bot.id, **where)
        self.telegram.pressed[self.id] = answer["query_id"]

    async def open_app(self, message: Message | None = None, label: str | None = None) -> App:
        """Open a Mini App by a button of a message, its first one that opens an app unless the
        label says which, or without a message by the bot's menu button."""
        __tracebackhide__ = True
        message_id = message.message_id if message else None
        where = {"bot_id": self.bot.id, "message_id": message_id, "button": label}
        answer = await self._do("open_app", **where)
        return App(answer["url"], answer["init_data"], answer.get("query_id"))

    def init_data(self, **about: str) -> str:
        """What any Mini App of the bot is told of this person, signed with the token that the
        fixture `bots` has, as of now; `about` has more fields, such as `start_param`:
        https://core.telegram.org/bots/webapps#webappinitdata."""
        __tracebackhide__ = True
        told = {name: value for name, value in self.telegram.people[self.id].items() if value}
        user = {"id": self.id, "language_code": "en", **told}
        return init_data(self.telegram.token(self.bot), user, self.telegram.clock.date, **about)

    async def send_app_data(self, message: Message, data: str, label: str | None = None) -> None:
        """Let the Mini App behind a button of a reply keyboard send data to the bot."""
        __tracebackhide__ = True
        where = {"bot_id": self.bot.id, "message_id": message.message_id, "button": label}
        await self._do("send_app_data", data=data, **where)

    async def block(self) -> None:
        """Block the bot."""
        __tracebackhide__ = True
        await self._do("block", bot_id=self.bot.id, blocked=True)

    async def unblock(self) -> None:
        """Let the bot write again."""
        __tracebackhide__ = True
        await self._do("block", bot_id=self.bot.id, blocked=False)

    async def deactivate(self) -> None:
        """Delete the account: no bot can write to it any more."""
        __tracebackhide__ = True
        await self._do("deactivate")
