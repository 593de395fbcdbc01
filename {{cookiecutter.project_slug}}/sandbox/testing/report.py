"""What a test tells when it waited in vain: the conversation, and what to look at next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from sandbox.summary import is_service, writer
from sandbox.testing.raw import buttons_of, describe, is_said_by
from sandbox.world.events import Json

LONGEST = 40
"""Lines of a conversation; the oldest are left out."""
Tell = Callable[[Json], str | None]
UNREAD = "  (not read yet)"


class Teller:
    """Tells what happened in a chat: the chat's own events, and how its bots fared."""

    def __init__(
        self,
        chat: str,
        bots: Collection[int],
        names: Mapping[int, str],
        read: Mapping[tuple[str, int], int],
    ) -> None:
        """
        Args:
            chat: the key of the chat.
            bots: the ids of those of which to tell how they fared.
            names: of all bots, by id.
            read: where the last message is that was read, by chat and bot.
        """
        self.heard = False
        """Whether the bots have got an update of the chat."""
        self.unheard = False
        """Whether the bots were not told of what came last, because of their privacy mode."""
        self._chat = chat
        self._chat_id = chat.rpartition("/")[2]
        self._bots = bots
        self._names = names
        self._read = read
        self._texts: dict[int, str] = {}
        self._updates: set[tuple[int, int]] = set()
        """Those of this chat: bot and number."""
        self._here: dict[str, Tell] = {
            "message": self._message,
            "edit": self._message,
            "ephemeral": self._whisper,
            "ephemeral_edit": self._whisper,
            "delete": self._deletion,
            "callback_answer": self._notice,
            "reaction": self._reaction,
            "unheard": self._unheard,
        }
        """Events of the chat itself."""
        self._elsewhere: dict[str, Tell] = {
            "update": self._update,
            "call": self._call,
            "raised": self._raised,
            "unhandled": self._unhandled,
            "stop": self._stop,
        }

    def tell_all(self, events: Iterable[Json]) -> list[str]:
        """Tell all events, which are those since the test began, in lines."""
        lines = []
        for position, event in enumerate(events):
            if line := self.tell(event):
                bot_id = event.get("bot_id")
                unread = position > self._read.get((self._chat, bot_id or 0), -1)
                said = bot_id is not None and is_said_by(bot_id)(event)
                line = line.replace("\n", "\n    ")
                lines.append(f"  {line}" + (UNREAD if said and unread else ""))
        return lines[-LONGEST:] or ["  (nothing was said)"]

    def tell(self, event: Json) -> str | None:
        """The line for an event; None if it is nobody's business here."""
        tells = self._here if event.get("chat") == self._chat else self._elsewhere
        tell = tells.get(event["event"])
        return tell(event) if tell else None

    def _name(self, bot_id: int) -> str:
        """Of one that the test made, the number."""
        return self._names.get(bot_id, f"bot {bot_id}")

    def _message(self, event: Json) -> str:
        message = event["message"]
        sender_id = message.get("from", {}).get("id")
        said = self._texts[message["message_id"]] = describe(message)
        edits = " edits" if event["event"].endswith("edit") else ""
        return f"{self._names.get(sender_id) or writer(message)}{edits}: {said}"

    def _whisper(self, event: Json) -> str:
        to = event["message"]["receiver_user"]["first_name"]
        return f"{self._message(event)} (to {to} alone)"

    def _deletion(self, event: Json) -> str:
        return f"deleted: {self._texts.get(event['message_id'], 'a message')}"

    def _notice(self, event: Json) -> str:
        bot = self._name(event["bot_id"])
        kind = "alert" if event["show_alert"] else "notice"
        return f"{bot} answers the press ({kind}): {event['text'] or '–'}"

    def _reaction(self, event: Json) -> str:
        emoji = " ".join(one.get("emoji", "?") for one in event["reactions"])
        return f"reactions to {self._texts.get(event['message_id'], 'a message')}: {emoji or '–'}"

    def _unheard(self, event: Json) -> str | None:
        deaf = [self._name(one) for one in event["bot_ids"] if one in self._bots]
        self.unheard = self.unheard or bool(deaf)
        return f"(unheard by {', '.join(deaf)}: privacy mode)" if deaf else None

    def _update(self, event: Json) -> str | None:
        update, bot_id = event["update"], event["bot_id"]
        kind, content = next((key, one) for key, one in update.items() if isinstance(one, dict))
        sender = content.get("from") or content.get("user") or {}
        chat = content.get("chat") or content.get("message", {}).get("chat") or sender
        if bot_id not in self._bots or str(chat.get("id")) != self._chat_id:
            return None
        self.heard, self.unheard = True, False
        self._updates.add((bot_id, update["update_id"]))
        does = DOES.get(kind)
        return f"{sender.get('first_name')} {does(content)}" if does else None

    def _call(self, event: Json) -> str | None:
        call = event["call"]
        if call["seconds"] is None or call["status"] == 200 or call["method"] == "getUpdates":
            return None
        chat_id = call["params"].get("chat_id", self._chat_id)
        if call["bot_id"] not in self._bots or str(chat_id) != self._chat_id:
            return None
        return f"! {self._name(call['bot_id'])} calls {call['method']}: {problem(call)}"

    def _raised(self, event: Json) -> str | None:
        bot_id = event["bot_id"]
        if (bot_id, event["update_id"]) in self._updates:
            return f"! a handler of {self._name(bot_id)} raised {event['error']}"
        return None

    def _unhandled(self, event: Json) -> str | None:
        update, bot_id = event["update"], event["bot_id"]
        ours = (bot_id, update["update_id"]) in self._updates
        content = next((update[kind] for kind in UNHEARD if kind in update), None)
        if ours and content and not is_service(content):
            return f"! no handler of {self._name(bot_id)} took this"
        return None

    def _stop(self, _: Json) -> str:
        return "! the sandbox has stopped"


def conversations(
    events: list[Json],
    chats: Mapping[int, str],
    names: Mapping[int, str],
    read: Mapping[tuple[str, int], int],
) -> list[str]:
    """All that was said in these chats, which are people and groups by id; see Teller."""
    told = []
    for key in dict.fromkeys(str(event.get("chat")) for event in events):
        bot, _, number = key.rpartition("/")
        title = chats.get(int(number)) if number.lstrip("-").isdecimal() else None
        if title is not None:
            lines = Teller(key, {int(bot)} if bot else names, names, read).tell_all(events)
            where = f"{title} and {names.get(int(bot), f'bot {bot}')}" if bot else title
            told.append("\n".join([f"{where}:", *lines]))
    return told


def label(query: Json) -> str:
    """The label of the button that was pressed."""
    buttons = buttons_of(query.get("message", {}))
    found = (one["text"] for one in buttons if one.get("callback_data") == query.get("data"))
    return str(next(found, query.get("data")))


DOES: dict[str, Callable[[Json], str]] = {
    "callback_query": lambda query: f"presses [{label(query)}]",
    "inline_query": lambda query: f"types @… {query['query']}",
    "timer": lambda timer: f"is due for the timer {timer['name']}",
    "poll_answer": lambda answer: f"votes for {answer['option_ids']}",
    "pre_checkout_query": lambda query: f"pays {query['total_amount']} {query['currency']}",
}
"""What somebody does who sends an update and no message."""
UNHEARD = ("message", "edited_message", *DOES)
"""Updates of which it is worth while to tell that no handler took them."""


def problem(call: Json) -> str:
    """What a call was answered with that failed."""
    if call["status"] is None:
        return "the connection is cut"
    answer = call["answer"]
    text = answer["description"] if isinstance(answer, dict) else "an answer that is no JSON"
    return f"{call['status']} {text}" + (" (a fault of the test)" if call["fault"] else "")


def next_steps(bot: Json, called: str, *, running: list[str] | None, teller: Teller) -> str:
    """What to look at when a bot is silent.

    Args:
        bot: what the sandbox says of it.
        called: its name in the tests.
        running: where in this process handlers are; None if the bot runs elsewhere.
        teller: who has told of the chat and of this bot alone.
    """
    name = f"@{bot['username']}"
    if bot["revoked"]:
        return f"The token of {name} is revoked: it gets nothing until it is restored."
    if teller.unheard:
        return (
            f"{name} has privacy mode, as bots have at Telegram unless BotFather is told "
            "otherwise: in groups it hears commands, replies to it and what comes by inline mode. "
            f"Reply to it, by `reply_to=`, or write /command@{bot['username']}; or have it hear "
            f'all: as an administrator, `await team.promote("{called}")`, or without privacy mode, '
            f'`await telegram.privacy(on=False, bot="{called}")`.'
        )
    if not teller.heard:
        return (
            f"{name} has heard nothing here: is an `await` missing, is it another chat or bot, or "
            "is the bot not in the group?"
        )
    if running:
        return f"A handler still runs, or waits for something: {'; '.join(running)}"
    if running is not None:
        return (
            f"All updates have had their turn, and {name} has nothing more to say: look at the "
            "filters of the handlers, the role of the bot, the captured log, and for a call in a "
            "handler without `await`."
        )
    if bot["webhook_error"]:
        return f"The webhook of {name} fails: {bot['webhook_error']}"
    if bot["mode"] == "idle":
        return f"Nobody fetches the updates of {name}: is the service running with its token?"
    if bot["pending"]:
        return f"{bot['pending']} updates wait for {name}, which does not fetch them."
    return f"The service has all updates of {name}: look at its log, and at `fleet dead-letters`."
