"""What a test tells when it waited in vain: the conversation, and what to look at next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sandbox.testing.message import buttons_of, describe
from sandbox.world.events import Json

LONGEST = 40
"""Lines of a conversation; the oldest are left out."""
Tell = Callable[[Json], str | None]
UNHEARD = ("message", "edited_message", "callback_query")
"""Updates of which it is worth while to tell that no handler took them."""


def conversation(
    events: Iterable[Json], chat: str, bot_id: int, names: Mapping[int, str]
) -> list[str]:
    """What happened in a chat, in lines: the chat's own events, and how its bot fared.

    Args:
        events: everything, in order.
        chat: the key of the chat.
        bot_id: of the bot that was waited for.
        names: of the bots, by id.
    """
    teller = Teller(chat, bot_id, names)
    lines = [f"  {line}" for event in events if (line := teller.tell(event))]
    return lines[-LONGEST:] or ["  (nothing was said)"]


class Teller:
    """Tells events one after the other; remembers what it needs for those to come."""

    def __init__(self, chat: str, bot_id: int, names: Mapping[int, str]) -> None:
        self._chat = chat
        self._chat_id = chat.rpartition("/")[2]
        self._bot_id = bot_id
        self._names = names
        self._bot = names[bot_id]
        self._texts: dict[int, str] = {}
        self._updates: set[int] = set()
        """Those of this chat."""
        self._here: dict[str, Tell] = {
            "message": self._message,
            "edit": self._message,
            "delete": self._deletion,
            "callback_answer": self._notice,
            "reaction": self._reaction,
        }
        """Events of the chat itself."""
        self._elsewhere: dict[str, Tell] = {
            "update": self._update,
            "call": self._call,
            "raised": self._raised,
            "unhandled": self._unhandled,
            "stop": self._stop,
        }

    def tell(self, event: Json) -> str | None:
        """The line for an event; None if it is nobody's business here."""
        tells = self._here if event.get("chat") == self._chat else self._elsewhere
        tell = tells.get(event["event"])
        return tell(event) if tell else None

    def _message(self, event: Json) -> str:
        message = event["message"]
        sender = message["from"]
        said = self._texts[message["message_id"]] = describe(message)
        edits = " edits" if event["event"] == "edit" else ""
        return f"{self._names.get(sender['id'], sender['first_name'])}{edits}: {said}"

    def _deletion(self, event: Json) -> str:
        return f"deleted: {self._texts.get(event['message_id'], 'a message')}"

    def _notice(self, event: Json) -> str:
        bot = self._names.get(event["bot_id"], "a bot")
        kind = "alert" if event["show_alert"] else "notice"
        return f"{bot} answers the press ({kind}): {event['text'] or '–'}"

    def _reaction(self, event: Json) -> str:
        emoji = " ".join(one["reaction"].get("emoji", "?") for one in event["reactions"])
        return f"reactions to {self._texts.get(event['message_id'], 'a message')}: {emoji or '–'}"

    def _update(self, event: Json) -> str | None:
        update = event["update"]
        content = next(value for value in update.values() if isinstance(value, dict))
        chat = content.get("chat") or content.get("message", {}).get("chat") or {}
        if event["bot_id"] == self._bot_id and str(chat.get("id")) == self._chat_id:
            self._updates.add(update["update_id"])
            if query := update.get("callback_query"):
                return f"{query['from']['first_name']} presses [{label(query)}]"
        return None

    def _call(self, event: Json) -> str | None:
        call = event["call"]
        if call["seconds"] is None or call["status"] == 200 or call["method"] == "getUpdates":
            return None
        chat_id = call["params"].get("chat_id", self._chat_id)
        if call["bot_id"] != self._bot_id or str(chat_id) != self._chat_id:
            return None
        return f"! {self._bot} calls {call['method']}: {problem(call)}"

    def _raised(self, event: Json) -> str | None:
        if event["update_id"] in self._updates:
            return f"! a handler of {self._bot} raised {event['error']}"
        return None

    def _unhandled(self, event: Json) -> str | None:
        update = event["update"]
        if update["update_id"] in self._updates and any(kind in update for kind in UNHEARD):
            return f"! no handler of {self._bot} took this"
        return None

    def _stop(self, _: Json) -> str:
        return "! the sandbox has stopped"


def label(query: Json) -> str:
    """The label of the button that was pressed."""
    buttons = buttons_of(query.get("message", {}))
    found = (one["text"] for one in buttons if one.get("callback_data") == query.get("data"))
    return str(next(found, query.get("data")))


def problem(call: Json) -> str:
    """What a call was answered with that failed."""
    if call["status"] is None:
        return "the connection is cut"
    answer = call["answer"]
    text = answer["description"] if isinstance(answer, dict) else "an answer that is no JSON"
    return f"{call['status']} {text}" + (" (a fault of the test)" if call["fault"] else "")


def next_steps(bot: Json, *, busy: bool | None) -> str:
    """What to look at when a bot is silent.

    Args:
        bot: what the sandbox says of it.
        busy: whether turns are going on in this process; None if the bot runs elsewhere.
    """
    name = f"@{bot['username']}"
    if bot["revoked"]:
        return f"The token of {name} is revoked: it gets nothing until it is restored."
    if busy is True:
        return f"A handler still runs, or waits for something: look at what {name} does last."
    if busy is False:
        return (
            f"All updates have had their turn, and {name} has nothing more to say: look at the "
            "filters of the handlers, the role of the bot and the captured log."
        )
    if bot["webhook_error"]:
        return f"The webhook of {name} fails: {bot['webhook_error']}"
    if bot["mode"] == "idle":
        return f"Nobody fetches the updates of {name}: is the service running with its token?"
    if bot["pending"]:
        return f"{bot['pending']} updates wait for {name}, which does not fetch them."
    return f"The service has all updates of {name}: look at its log, and at `fleet dead-letters`."
