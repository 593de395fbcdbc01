"""The people of a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import override

from sandbox.testing import content
from sandbox.testing.bots import Account
from sandbox.testing.business import Business, Talk
from sandbox.testing.errors import Refused
from sandbox.testing.groups import Group
from sandbox.testing.message import InlineResult, Message
from sandbox.testing.paying import Payer
from sandbox.testing.raw import buttons_of
from sandbox.testing.stage import TIMEOUT

LOOKS = {"text", "style", "icon_custom_emoji_id"}
"""What a button looks like; its other fields say what it does."""


@dataclass(frozen=True)
class User(Payer):
    """A person in the private chat with one bot, and in the groups that the test makes."""

    def at(self, bot: str | Account) -> User:
        """The same person, with another bot."""
        return replace(self, bot=self.telegram.bot(bot))

    async def send(
        self,
        text: str | None = None,
        *,
        to: Group | Business | Talk | None = None,
        reply_to: Message | None = None,
        caption: str | None = None,
        **things: Any,
    ) -> Message:
        """Write to the bot, into a group or to a business, and give the message that was sent.

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
        if isinstance(to, Business | Talk):
            return await self._write(text, to, plain=not (reply_to or caption or things))
        answer = await self._do(
            "send",
            bot_id=None if to else self.bot.id,
            chat_id=to.id if to else None,
            text=text,
            reply_to=reply_to.message_id if reply_to else None,
            **content.arguments(sender, caption, things),
        )
        return await self._sent("message", answer["message"])

    async def _write(self, text: str | None, to: Business | Talk, *, plain: bool) -> Message:
        """Write in the chat of a business with somebody."""
        __tracebackhide__ = True
        talk = to.chat(self) if isinstance(to, Business) else to
        owner, by_owner = talk.business.owner, talk.business.owner.id == self.id
        if text is None or not plain:
            raise Refused("in the chats of a business people send texts, and nothing else here")
        if by_owner is (talk.person.id == self.id):
            raise Refused("to a business others write `to=shop`, its owner `to=shop.chat(bob)`")
        for one in (owner, talk.person):
            await self.telegram.introduce(one.id)
        answer = await self.telegram.ask(
            "write_business",
            connection_id=talk.business.id,
            user_id=talk.person.id,
            text=text,
            by_owner=by_owner,
        )
        return await self._sent("message", answer["message"])

    async def connect_business(self, *rights: str) -> Business:
        """Let the bot act for this person's business account, with all rights or with these:
        https://core.telegram.org/bots/api#businessbotrights."""
        __tracebackhide__ = True
        given = {"rights": list(rights)} if rights else {}
        made = await self._do("connect_business", bot_id=self.bot.id, **given)
        self.telegram.businesses[int(made["id"])] = f"{self.name}'s business"
        return Business(self.telegram, made["id"], self, self.bot)

    async def post(self, channel: Group, text: str | None = None, **things: Any) -> Message:
        """Write in a channel, as `send` does, and give the post."""
        __tracebackhide__ = True
        return await self.send(text, to=channel, **things)

    @override
    async def click(self, message: Message, label: str) -> None:
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
            answer = await self._press(message, button["callback_data"])
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
            # In groups the apps send it as a reply, or bots with privacy mode would not hear it.
            await self.send(label, to=group, reply_to=message if group else None)

    async def _press(self, message: Message, data: str) -> Any:
        __tracebackhide__ = True
        if message.is_ephemeral:
            about = {"ephemeral_message_id": message.raw["ephemeral_message_id"], "data": data}
            return await self._do("press_ephemeral", chat_id=message.chat_id, **about)
        business = message.raw.get("business_connection_id")
        return await self._do("press", **self._place(message), connection_id=business, data=data)

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text, or the caption, of an own message, and give it as it is then."""
        __tracebackhide__ = True
        if business := message.raw.get("business_connection_id"):
            where = {"user_id": message.chat_id, "message_id": message.message_id}
            answer = await self.telegram.ask(
                "edit_business", connection_id=business, text=text, **where
            )
        else:
            answer = await self._ask("edit", message, text=text)
        return await self._sent("edit", answer["message"])

    async def delete(self, message: Message) -> None:
        """Delete a message in the chat of a business. Of others no bot is told."""
        __tracebackhide__ = True
        business = message.raw.get("business_connection_id")
        if business is None:
            raise Refused("no bot is told when people delete messages, but in chats of a business")
        where = {"user_id": message.chat_id, "message_ids": [message.message_id]}
        await self.telegram.ask("delete_business", connection_id=business, **where)

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

    async def tick(self, checklist: Message, *tasks: str, done: bool = True) -> Message:
        """Mark tasks of a checklist, by their texts, as done, or as not done, and give the message
        that tells of it."""
        __tracebackhide__ = True
        now = self._latest(checklist)
        ids = {one["text"]: one["id"] for one in now.get("checklist", {}).get("tasks", [])}
        if unknown := set(tasks) - ids.keys():
            raise Refused(f"there is no task {', '.join(unknown)}; there are: {list(ids)}")
        return await self._list("tick", checklist, task_ids=[ids[one] for one in tasks], done=done)

    async def add_tasks(self, checklist: Message, *tasks: str) -> Message:
        """Add tasks to a checklist, and give the message that tells of it."""
        __tracebackhide__ = True
        return await self._list("add_tasks", checklist, texts=list(tasks))

    async def _list(self, command: str, checklist: Message, **arguments: object) -> Message:
        __tracebackhide__ = True
        business = checklist.raw.get("business_connection_id")
        where = self._place(checklist) | {"connection_id": business}
        answer = await self._do(command, **where, **arguments)
        return await self._sent("message", answer["message"])

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
            self.key(),
            user_id=self.id,
            bot_id=self.bot.id,
            query=query,
            chat_id=chat_id,
        )
        return [InlineResult(self, raw, answer["query_id"], chat_id) for raw in answer["results"]]

    @override
    async def choose(self, result: InlineResult) -> Message:
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

    async def ask(
        self,
        text: str | None = None,
        *,
        to: Group | Business | Talk | None = None,
        alone: bool = False,
        timeout: float = TIMEOUT,
        **things: Any,
    ) -> Message:
        """Send, and give the bot's next message: `send` and `reply` in one."""
        __tracebackhide__ = True
        await self.send(text, to=to, **things)
        return await self.reply(to, alone=alone, timeout=timeout)

    async def _ask(self, command: str, message: Message, **arguments: object) -> Any:
        __tracebackhide__ = True
        if message.is_ephemeral or "business_connection_id" in message.raw:
            raise Refused(f"to {command} a message like this is not emulated")
        return await self._do(command, **self._place(message), **arguments)
