"""The people of a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sandbox.testing import content
from sandbox.testing.bots import Account
from sandbox.testing.errors import Refused
from sandbox.testing.groups import Group
from sandbox.testing.guests import Guest
from sandbox.testing.journal import Wanted, is_event
from sandbox.testing.message import InlineResult, Message, Notice
from sandbox.testing.raw import buttons_of, describe, is_said_by
from sandbox.testing.stage import TIMEOUT
from sandbox.world.events import Json

LOOKS = {"text", "style", "icon_custom_emoji_id"}
"""What a button looks like; its other fields say what it does."""


@dataclass(frozen=True)
class User(Guest):
    """A person in the private chat with one bot, and in the groups that the test makes."""

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
                or the path of one, with a `caption`. Those sent with the same `media_group_id`
                are an album.
            contact: a phone number, for the person's own contact, or a Contact object.
            location: latitude and longitude in degrees.
            Any other field of a Message object, as JSON:
                https://core.telegram.org/bots/api#message
        """
        __tracebackhide__ = True
        sender = {"id": self.id, "first_name": self.name}
        await self.telegram.introduce(self.id)
        answer = await self.telegram.ask(
            "send",
            user_id=self.id,
            bot_id=None if to else self.bot.id,
            chat_id=to.id if to else None,
            text=text,
            reply_to=reply_to.message_id if reply_to else None,
            **content.arguments(sender, caption, things),
        )
        return await self._sent("message", answer["message"])

    async def post(self, channel: Group, text: str | None = None, **things: Any) -> Message:
        """Write in a channel, as `send` does, and give the post."""
        __tracebackhide__ = True
        return await self.send(text, to=channel, **things)

    async def click(self, message: Message, label: str) -> None:
        """Press a button under a message, or one of the reply keyboard that came with it."""
        __tracebackhide__ = True
        button = next((one for one in buttons_of(message.raw) if one["text"] == label), None)
        now = self._latest(message)
        if button is None or ("callback_data" in button and button not in buttons_of(now)):
            there = ", ".join(repr(one["text"]) for one in buttons_of(now)) or "none"
            edited = "; it was edited: click what `await message.edited()` gives"
            raise Refused(
                f"there is no button {label!r}; the buttons are: {there}"
                + (edited if now is not message.raw else "")
            )
        does = button.keys() - LOOKS
        group = Group(self.telegram, message.chat_id, "") if message.chat_id < 0 else None
        if "callback_data" in does:
            await self.telegram.introduce(self.id)
            answer = await self.telegram.ask(
                "press",
                user_id=self.id,
                bot_id=None if group else self.bot.id,
                chat_id=message.chat_id,
                message_id=message.message_id,
                data=button["callback_data"],
            )
            self.telegram.pressed[self.id] = answer["query_id"]
        elif "pay" in does:
            await self.pay(message)
        elif "request_contact" in does:
            await self.send(contact="+15550100", to=group)
        elif does:
            raise Refused(
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
            raise Refused(f"there is no option {', '.join(unknown)}; there are: {texts}")
        await self._ask("vote", message, option_ids=[texts.index(option) for option in options])

    async def inline(
        self, query: str, *, to: Group | None = None, timeout: float = TIMEOUT
    ) -> list[InlineResult]:
        """Type `@bot query`, in the private chat or a group, and give what the bot offers."""
        __tracebackhide__ = True
        await self.telegram.introduce(self.id)
        chat_id = to.id if to else self.id
        answer = await self.telegram.answer(
            "inline_query",
            f"{self.bot.name} did not answer {self.name}'s inline query",
            timeout,
            self.bot,
            self.key(self.id),
            user_id=self.id,
            bot_id=self.bot.id,
            query=query,
            chat_id=chat_id,
        )
        return [InlineResult(self, raw, answer["query_id"], chat_id) for raw in answer["results"]]

    async def choose(self, result: InlineResult) -> Message:
        """Send what the bot has offered, and give the message that was sent."""
        __tracebackhide__ = True
        answer = await self.telegram.ask(
            "choose",
            bot_id=self.bot.id,
            user_id=self.id,
            query_id=result.query_id,
            result_id=result.raw["id"],
            chat_id=result.chat_id,
        )
        return await self._sent("message", answer["message"])

    async def pay(self, invoice: Message | str, *, timeout: float = TIMEOUT) -> None:
        """Pay an invoice, as a press of its button does, or one behind a link. Raises Refused with
        what the bot says if it does not agree:
        https://core.telegram.org/bots/api#answerprecheckoutquery."""
        __tracebackhide__ = True
        await self.telegram.introduce(self.id)
        where: Json = {"link": invoice}
        if isinstance(invoice, Message):
            where = {"chat_id": invoice.chat_id, "message_id": invoice.message_id}
            where["bot_id"] = self.bot.id if invoice.chat_id > 0 else None
        answer = await self.telegram.answer(
            "pay",
            f"{self.bot.name} did not answer {self.name}'s payment",
            timeout,
            self.bot,
            self.key(self.id),
            user_id=self.id,
            **where,
        )
        if not answer["ok"]:
            raise Refused(f"{self.bot.name} takes no payment: {answer['error_message']}")

    # What they see

    async def reply(self, chat: Group | None = None, *, timeout: float = TIMEOUT) -> Message:
        """The bot's next message, in the private chat or in a group.

        The messages of a bot in a chat are read in their order, each once, whoever reads: the
        first call gives the first message. Service messages, such as that somebody has left or
        that a message is pinned, are none. Waits up to `timeout` seconds.
        """
        __tracebackhide__ = True
        chat_id = chat.id if chat else self.id
        position = await self.telegram.wait(
            self._is_from_bot(chat_id),
            self._unread(chat_id),
            timeout,
            f"{self.bot.name} did not reply to {self.name}",
            self.bot,
            self.key(chat_id),
        )
        self.telegram.read[self.key(chat_id), self.bot.id] = position
        return Message(self.telegram.journal.events[position]["message"], self, position)

    async def ask(
        self,
        text: str | None = None,
        *,
        to: Group | None = None,
        timeout: float = TIMEOUT,
        **things: Any,
    ) -> Message:
        """Send, and give the bot's next message: `send` and `reply` in one."""
        __tracebackhide__ = True
        await self.send(text, to=to, **things)
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
            raise Refused(f"{self.name} has pressed no inline button yet: click one first")
        position = await self.telegram.wait(
            is_event("callback_answer", query_id=query_id),
            0,
            timeout,
            f"{self.bot.name} did not answer {self.name}'s press",
            self.bot,
            self.key(self.id),
        )
        answer = self.telegram.journal.events[position]
        return Notice(answer["text"], answer["show_alert"], answer["url"])

    def key(self, chat_id: int) -> str:
        """What the sandbox calls the chat that this person has under this id."""
        return f"{self.bot.id}/{chat_id}" if chat_id > 0 else str(chat_id)

    def _unread(self, chat_id: int) -> int:
        return self.telegram.read.get((self.key(chat_id), self.bot.id), -1) + 1

    def _is_from_bot(self, chat_id: int) -> Wanted:
        is_said, chat = is_said_by(self.bot.id), self.key(chat_id)
        return lambda event: event.get("chat") == chat and is_said(event)

    def _latest(self, message: Message) -> Json:
        """A message as it is now."""
        raw, is_edit = message.raw, is_event("edit", chat=self.key(message.chat_id))
        for event in self.telegram.journal.catch_up()[message.position + 1 :]:
            if is_edit(event) and event["message"]["message_id"] == message.message_id:
                raw = event["message"]
        return raw

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
        __tracebackhide__ = True
        is_it = is_event(event, chat=self.key(raw["chat"]["id"]), message=raw)
        return Message(raw, self, await self.telegram.journal.first(is_it, 0, TIMEOUT))
