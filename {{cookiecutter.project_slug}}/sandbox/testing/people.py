"""The people of a test, and the groups that they are in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sandbox.testing import content
from sandbox.testing.bots import Account
from sandbox.testing.journal import Wanted, is_event
from sandbox.testing.message import TIMEOUT, Message, Notice, buttons_of, describe
from sandbox.world.events import Json

if TYPE_CHECKING:
    from sandbox.testing.telegram import Telegram

LOOKS = {"text", "style", "icon_custom_emoji_id"}
"""What a button looks like; its other fields say what it does."""


@dataclass(frozen=True)
class Group:
    """A group chat."""

    telegram: Telegram = field(repr=False)
    id: int
    title: str

    async def add(self, member: User | str) -> None:
        """A person joins, or a bot, by its name in the tests, is added."""
        __tracebackhide__ = True
        await self._ask("add_member", member)

    async def remove(self, member: User | str) -> None:
        """A person leaves, or a bot is thrown out."""
        __tracebackhide__ = True
        await self._ask("remove_member", member)

    async def promote(self, member: User | str) -> None:
        """Make a person or a bot an administrator."""
        __tracebackhide__ = True
        await self._ask("promote", member)

    async def _ask(self, command: str, member: User | str) -> None:
        __tracebackhide__ = True
        if isinstance(member, str):
            member_id = self.telegram.bot(member).id
        else:
            member_id = member.id
            await self.telegram.introduce(member)
        await self.telegram.ask(command, chat_id=self.id, member_id=member_id)


@dataclass(frozen=True)
class User:
    """A person in the private chat with one bot, and in the groups that the test makes."""

    telegram: Telegram = field(repr=False)
    id: int
    name: str
    bot: Account

    def at(self, bot: str | Account) -> User:
        """The same person, with another bot."""
        return replace(self, bot=self.telegram.bot(bot))

    # What they do

    async def send(
        self,
        text: str | None = None,
        *,
        to: Group | None = None,
        reply_to: Message | None = None,
        caption: str | None = None,
        **things: Any,
    ) -> Message:
        """Write to the bot, or into a group, and give the message that was sent.

        Beside a text, a message may have one of these things:
            photo, document, voice, audio, video, video_note, animation, sticker: a file, as bytes
                or the Path of one, with a `caption`.
            contact: a phone number, for the person's own contact, or a Contact object.
            location: latitude and longitude in degrees.
            Any other field of a Message object, as JSON:
                https://core.telegram.org/bots/api#message
        """
        __tracebackhide__ = True
        sender = {"id": self.id, "first_name": self.name}
        answer = await self.telegram.ask(
            "send",
            user_id=self.id,
            first_name=self.name,
            bot_id=None if to else self.bot.id,
            chat_id=to.id if to else None,
            text=text,
            reply_to=reply_to.message_id if reply_to else None,
            **content.arguments(sender, caption, things),
        )
        return await self._sent("message", answer["message"])

    async def click(self, message: Message, label: str) -> None:
        """Press a button under a message, or one of the reply keyboard that came with it."""
        __tracebackhide__ = True
        button = next((one for one in buttons_of(message.raw) if one["text"] == label), None)
        if button is None:
            there = ", ".join(repr(one) for one in message.buttons) or "none"
            raise AssertionError(f"there is no button {label!r}; the buttons are: {there}")
        does = button.keys() - LOOKS
        group = self.telegram.group(message.chat_id)
        if "callback_data" in does:
            answer = await self.telegram.ask(
                "press",
                user_id=self.id,
                first_name=self.name,
                bot_id=None if group else self.bot.id,
                chat_id=message.chat_id,
                message_id=message.message_id,
                data=button["callback_data"],
            )
            self.telegram.pressed[self.id] = answer["query_id"]
        elif "request_contact" in does:
            await self.send(contact="+15550100", to=group)
        elif does:
            raise AssertionError(
                f"the button {label!r} does {', '.join(does)}, of which the bot hears nothing by "
                "itself: send what comes of it"
            )
        else:
            await self.send(label, to=group)

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text, or the caption, of an own message, and give it as it is then."""
        __tracebackhide__ = True
        answer = await self._ask("edit", message, text=text)
        return await self._sent("edit", answer["message"])

    async def react(self, message: Message, emoji: str | None) -> None:
        """React with an emoji; None takes the reaction back."""
        __tracebackhide__ = True
        await self._ask("react", message, emoji=emoji)

    async def vote(self, message: Message, *options: str) -> None:
        """Vote in a poll for options by their texts; for none takes the vote back."""
        __tracebackhide__ = True
        texts = [option["text"] for option in message.raw.get("poll", {}).get("options", [])]
        if unknown := set(options) - set(texts):
            raise AssertionError(f"there is no option {', '.join(unknown)}; there are: {texts}")
        await self._ask("vote", message, option_ids=[texts.index(option) for option in options])

    async def block(self) -> None:
        """Block the bot."""
        __tracebackhide__ = True
        await self.telegram.ask("block", bot_id=self.bot.id, user_id=self.id, blocked=True)

    async def unblock(self) -> None:
        """Let the bot write again."""
        __tracebackhide__ = True
        await self.telegram.ask("block", bot_id=self.bot.id, user_id=self.id, blocked=False)

    # What they see

    async def reply(self, chat: Group | None = None, *, timeout: float = TIMEOUT) -> Message:
        """The bot's next message, in the private chat or in a group.

        The messages of a bot in a chat are read in their order, each once, whoever reads: the
        first call gives the first message. Waits up to `timeout` seconds.
        """
        __tracebackhide__ = True
        chat_id = chat.id if chat else self.id
        position = await self.telegram.wait(
            self._is_from_bot(chat_id),
            self._unread(chat_id),
            timeout,
            f"{self.bot.name} did not reply to {self.name}",
            self,
            chat_id,
        )
        self.telegram.read[self.key(chat_id), self.bot.id] = position
        return Message(self.telegram.journal.events[position]["message"], self, position)

    async def ask(self, text: str, *, to: Group | None = None, timeout: float = TIMEOUT) -> Message:
        """Send a text and give the bot's next message: `send` and `reply` in one."""
        __tracebackhide__ = True
        await self.send(text, to=to)
        return await self.reply(to, timeout=timeout)

    async def hears_nothing(self, chat: Group | None = None) -> None:
        """Fail if the bot has written or writes something that was not read yet.

        In process this is exact: every update has had its turn. Against a running stack the bot has
        fetched its updates and has then been silent for half a second.
        """
        __tracebackhide__ = True
        chat_id = chat.id if chat else self.id
        await self.telegram.settled()
        is_from_bot = self._is_from_bot(chat_id)
        for event in self.telegram.journal.catch_up()[self._unread(chat_id) :]:
            if is_from_bot(event):
                said = describe(event["message"])
                raise AssertionError(f"{self.bot.name} did say something to {self.name}: {said}")

    async def notice(self, *, timeout: float = TIMEOUT) -> Notice:
        """What the bot answered to this person's last press, waiting up to `timeout` seconds."""
        __tracebackhide__ = True
        query_id = self.telegram.pressed.get(self.id)
        if query_id is None:
            raise AssertionError(f"{self.name} has pressed no inline button yet: click one first")
        position = await self.telegram.wait(
            is_event("callback_answer", query_id=query_id),
            0,
            timeout,
            f"{self.bot.name} did not answer {self.name}'s press",
            self,
            self.id,
        )
        answer = self.telegram.journal.events[position]
        return Notice(answer["text"], answer["show_alert"], answer["url"])

    def key(self, chat_id: int) -> str:
        """What the sandbox calls the chat that this person has under this id."""
        return f"{self.bot.id}/{chat_id}" if chat_id > 0 else str(chat_id)

    def _unread(self, chat_id: int) -> int:
        return self.telegram.read.get((self.key(chat_id), self.bot.id), -1) + 1

    def _is_from_bot(self, chat_id: int) -> Wanted:
        return is_event("message", by_bot=True, bot_id=self.bot.id, chat=self.key(chat_id))

    async def _ask(self, command: str, message: Message, **arguments: object) -> Any:
        __tracebackhide__ = True
        return await self.telegram.ask(
            command,
            user_id=self.id,
            bot_id=self.bot.id if message.chat_id > 0 else None,
            chat_id=message.chat_id,
            message_id=message.message_id,
            **arguments,
        )

    async def _sent(self, event: str, raw: Json) -> Message:
        """An own message, which is in the journal by the time this returns."""
        is_it = is_event(event, chat=self.key(raw["chat"]["id"]), message=raw)
        return Message(raw, self, await self.telegram.journal.first(is_it, 0, TIMEOUT))
