"""A client of the sandbox, for tests and scripts.

async with SandboxClient("http://127.0.0.1:8081") as sandbox:
    await sandbox.send(bot_id, "/start")
    message = await sandbox.reply(bot_id, 7)
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Any, Self

from sandbox.control.connection import Connection, HttpConnection, Json, NoReplyError, SandboxError
from sandbox.duration import seconds_of
from sandbox.errors import NothingCameError
from sandbox.summary import transcript

__all__ = ["NoReplyError", "SandboxClient", "SandboxError"]


class SandboxClient:
    """Talks to the sandbox at `url`. Ids of bots are the numbers before the colon of their token.

    Every method raises SandboxError.
    """

    def __init__(self, url: str, connection: Connection | None = None) -> None:
        """`connection` is another way to the sandbox than HTTP to `url`."""
        self.url = url.rstrip("/")
        self._connection = connection or HttpConnection(self.url)
        self._seen: dict[tuple[int, int], int] = {}

    async def __aenter__(self) -> Self:
        await self._connection.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connection.close()

    # What users do

    async def send(
        self,
        bot_id: int,
        text: str,
        *,
        user_id: int = 7,
        chat_id: int | None = None,
        first_name: str | None = None,
    ) -> int:
        """A user writes to the bot, in the private chat with that user if `chat_id` is None; a
        `chat_id` below zero is a group, which the bot is in from now on, and where it gets this
        even if it has privacy mode. Returns the update's id."""
        answer = await self.ask(
            "send",
            bot_id=bot_id,
            text=text,
            user_id=user_id,
            chat_id=chat_id,
            first_name=first_name,
        )
        return int(answer["update_id"])

    async def press(
        self,
        bot_id: int,
        chat_id: int,
        message_id: int,
        data: str,
        *,
        user_id: int = 7,
        first_name: str | None = None,
    ) -> int:
        """A user presses the inline button with the callback data `data`. Returns the update's
        id."""
        answer = await self.ask(
            "press",
            bot_id=bot_id,
            chat_id=chat_id,
            message_id=message_id,
            data=data,
            user_id=user_id,
            first_name=first_name,
        )
        return int(answer["update_id"])

    async def create_managed_bot(
        self,
        manager_id: int,
        *,
        user_id: int = 7,
        first_name: str | None = None,
        name: str | None = None,
        username: str | None = None,
        by_link: bool = False,
    ) -> int:
        """A user creates a bot that the bot `manager_id` manages, and which gets the update
        `managed_bot`. Returns the new bot's id.

        The manager must have sent a keyboard with the button for it to the private chat with the
        user, who keeps the name and username that it suggests unless told otherwise. `by_link`:
        with a link instead, which anybody may use, asked or not.
        """
        answer = await self.ask(
            "create_managed_bot",
            bot_id=manager_id,
            user_id=user_id,
            first_name=first_name,
            name=name,
            username=username,
            by_link=by_link,
        )
        return int(answer["id"])

    async def push(self, bot_id: int, updates: Iterable[Json]) -> list[int]:
        """Raw Update objects. One without `update_id` gets the next; a given one counts, and the
        ids go on from there. Returns the ids, also of those whose type the bot did not ask for and
        which it therefore never gets."""
        answer = await self.ask("push", bot_id=bot_id, updates=list(updates))
        return [int(update_id) for update_id in answer["update_ids"]]

    # What they see

    async def messages(self, bot_id: int, chat_id: int) -> list[Json]:
        """The chat as it looks now, oldest first: Telegram's Message objects."""
        messages: list[Json] = await self.ask("messages", bot_id=bot_id, chat_id=chat_id)
        return messages

    async def reply(
        self, bot_id: int, chat_id: int, after: int | None = None, timeout: float = 5.0
    ) -> Json:
        """The bot's next message in the chat, but no service message (`summary.is_service`), within
        `timeout` seconds. Raises NoReplyError.

        With `after`: the first one with a higher message id. Without: the first one since the
        user's last action (a message, a press) that this client did not return before.
        """
        key = (bot_id, chat_id)
        message = await self._wait(
            "reply", bot_id, chat_id, timeout, after=after, seen=self._seen.get(key, 0)
        )
        self._seen[key] = max(self._seen.get(key, 0), message["message_id"])
        return message

    async def edited(
        self, bot_id: int, chat_id: int, message_id: int, timeout: float = 5.0
    ) -> Json:
        """The message as the bot edited it since the user's last action, waiting up to `timeout`
        seconds for that. Raises NoReplyError."""
        return await self._wait("edited", bot_id, chat_id, timeout, message_id=message_id)

    async def events(self, bot_id: int, chat_id: int) -> AsyncGenerator[Json, None]:
        """What happens in the chat from now on, until the sandbox stops: objects with `event`, one
        of message, unheard (by a bot with privacy mode), edit, delete, reaction, pin,
        callback_answer, action. The first one is `hello`."""
        chat = f"{bot_id}/{chat_id}" if chat_id > 0 else str(chat_id)
        async with contextlib.aclosing(self._connection.events(chat)) as events:
            async for event in events:
                yield event

    async def calls(
        self,
        bot_id: int | None = None,
        method: str | None = None,
        *,
        at_least: int = 0,
        timeout: float = 5.0,
    ) -> list[Json]:
        """The recorded Bot API calls, oldest first: bot_id, method, params, status, answer, at,
        seconds. The last 10,000 of each method are kept. Waits up to `timeout` seconds for
        `at_least` of them."""
        calls: list[Json] = await self.ask(
            "calls",
            wait=timeout,
            bot_id=bot_id,
            method=method,
            at_least=at_least,
            timeout=timeout,
        )
        return calls

    async def file(self, file_id: str) -> bytes:
        """The content of a file that a bot or a user sent."""
        return await self._connection.file(file_id)

    # The bots

    async def bots(self) -> list[Json]:
        """The bots known: id, username, mode (idle, polling, webhook), polls (open getUpdates),
        pending (updates not confirmed), confirmed (the highest id, or None), conflicts (errors 409
        given), revoked."""
        bots: list[Json] = await self.ask("bots")
        return bots

    async def add(self, token: str) -> int:
        """Makes a bot known before it calls, so that users can write to it. Returns its id."""
        return int((await self.ask("add_bot", token=token))["id"])

    async def revoke(self, bot_id: int) -> None:
        """Makes the bot's token invalid: 401 from now on, for waiting polls, too."""
        await self.ask("revoke", bot_id=bot_id)

    async def restore(self, bot_id: int) -> None:
        """Makes the bot's token valid again."""
        await self.ask("restore", bot_id=bot_id)

    async def rotate(self, bot_id: int) -> str:
        """Gives the bot a new token and returns it; the old one is 401 from now on. A managed
        bot's manager gets the update `managed_bot`."""
        answer = await self.ask("rotate", bot_id=bot_id)
        return str(answer["token"])

    # Time

    async def advance(self, **duration: float) -> None:
        """Let time pass, in words of `timedelta`: `await sandbox.advance(hours=1)`.

        Dates are later, polls and bans end, and bots of this project have their timers and jobs
        that are due by then fire within a second or two.
        """
        await self.ask("advance", seconds=seconds_of(duration))

    # Faults

    async def fault(
        self,
        kind: str,
        bot_id: int | None = None,
        method: str | None = None,
        seconds: float | None = None,
        times: int | None = None,
        retry_after: int = 1,
        chat_id: int | None = None,
        text: str | None = None,
    ) -> None:
        """Calls that match fail from now on, for `seconds` or `times`; None: every bot, every
        method, every chat, until `clear_faults`. The call has no effect then.

        kind: the code of an error, with `text` as its description if that matters ("403", text=
        "Forbidden: user is deactivated"; "429" has `retry_after` seconds; "502" without a text is
        an HTML page), "hang" (no answer; cut when the fault ends), or "reset" (the connection is
        cut). A getUpdates that waits is struck, too.
        """
        await self.ask(
            "fault",
            kind=kind,
            bot_id=bot_id,
            method=method,
            seconds=seconds,
            times=times,
            retry_after=retry_after,
            chat_id=chat_id,
            text=text,
        )

    async def clear_faults(self) -> None:
        """Ends all faults."""
        await self.ask("clear_faults")

    async def limits(self, *, on: bool | None = None, **rates: float) -> Json:
        """Telegram's flood control: on from now on, or off; without `on` as it is.

        Rates: `chat` messages a second in one chat (1) after a `burst` (6), `group` messages a
        minute in one group (20), `bulk` messages a second to chats in which nobody has done
        anything for a minute (30). Who sends more gets 429, and who goes on is shut out for longer
        and longer. Returns `rates`, None when it is off, and who is `shut` out: bot_id, chat_id
        (None: bulk), seconds_left, refused (calls since then).
        """
        state: Json = await self.ask("limits", on=on, **rates)
        return state

    # All the rest

    async def ask(self, command: str, *, wait: float = 0.0, **arguments: object) -> Any:
        """Any command of the control API (sandbox/control/), which may take `wait` seconds; returns
        what it answers. Raises NothingCameError, too, when it waits in vain."""
        return await self._connection.ask(command, arguments, wait)

    async def _wait(
        self, command: str, bot_id: int, chat_id: int, timeout: float, **arguments: object
    ) -> Json:
        where = {"bot_id": bot_id, "chat_id": chat_id, "timeout": timeout}
        try:
            answer: Json = await self.ask(command, wait=timeout, **where, **arguments)
        except NothingCameError as nothing:
            what = "edit" if command == "edited" else "message"
            text = f"no {what} from bot {bot_id} in chat {chat_id} within {timeout:g} s"
            state = next(bot for bot in await self.bots() if bot["id"] == bot_id)
            raise NoReplyError(
                f"{text}; the bot is {state['mode']}, updates waiting for it: {state['pending']}. "
                f"The conversation so far:\n{transcript(nothing.messages)}"
            ) from None
        return answer
