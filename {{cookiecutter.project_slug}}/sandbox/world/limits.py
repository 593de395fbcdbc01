"""Flood control: how fast a bot may write, and what becomes of one that does not wait.

What Telegram tells of it
(https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this): about one message
a second in a chat, with short bursts; 20 a minute in a group; about 30 a second when a bot writes
by itself to many. Answers to users have no such limit for the whole bot. Edits count as messages
do, each message of an album counts. Who goes on calling is shut out for longer and longer.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from sandbox.errors import ApiError
from sandbox.world.events import Events, Json

MINUTE = 60.0
UNDER_WAY = 0.5
"""Seconds in which a call may have been on its way when the gate was shut: no offence."""
LONGEST = 10_000
"""Seconds that a gate is shut at most."""
ANSWERING = 60.0
"""Seconds after a user's last action in a chat for which a message there is an answer, not bulk."""
PAID = 1000
"""Bulk messages a second with `allow_paid_broadcast`:
https://core.telegram.org/bots/api#sendmessage."""
NOBODY = 0
"""The gate of what is in no chat."""
KEPT = 100_000
"""Gates; those that were used longest ago are forgotten."""


@dataclass(frozen=True)
class Rates:
    """What a bot may do."""

    chat: float = 1.0
    """Messages a second in one chat, once the burst is used up."""
    burst: int = 6
    """Messages at once in a chat that was calm."""
    group: int = 20
    """Messages within any minute in one group."""
    bulk: int = 30
    """Messages within any second to chats in which nobody has done anything for a minute."""


@dataclass(slots=True)
class Gate:
    """What a bot did in one chat, or in bulk, and whether it is shut out."""

    chat_id: int | None
    """None: of what goes to many."""
    calm_at: float = 0.0
    """When the burst will be whole again."""
    sent: deque[float] = field(default_factory=deque)
    """Times of the messages in the window, for a group or in bulk."""
    shut_at: float = 0.0
    shut_until: float = 0.0
    seconds: int = 0
    """For which it was shut the last time."""
    refused: int = 0
    """Calls since it is shut."""

    def wait(self, now: float, rates: Rates, *, paid: bool) -> float:
        """Seconds until there is room for a message."""
        if self.chat_id is None:
            return self._window(now, PAID if paid else rates.bulk, 1.0)
        wait = max(self.calm_at, now) - now - (rates.burst - 1) / rates.chat
        return max(wait, self._window(now, rates.group, MINUTE)) if self.chat_id < 0 else wait

    def _window(self, now: float, most: int, seconds: float) -> float:
        while self.sent and self.sent[0] <= now - seconds:
            self.sent.popleft()
        return self.sent[-most] + seconds - now if len(self.sent) >= most else 0.0

    def note(self, now: float, rates: Rates, count: int) -> None:
        """Messages pass."""
        self.calm_at = max(self.calm_at, now) + count / rates.chat
        if self.chat_id is None or self.chat_id < 0:
            self.sent.extend([now] * count)

    def shut(self, now: float, seconds: int) -> None:
        """Nothing passes for so long."""
        self.seconds = min(LONGEST, seconds)
        self.shut_at, self.shut_until = now, now + self.seconds


class Limits:
    """The gates of all bots. Nobody is slowed down until there are `rates`."""

    def __init__(self, events: Events, clock: Callable[[], float]) -> None:
        """`clock` tells seconds, of whatever time."""
        self.rates: Rates | None = None
        self._events = events
        self._clock = clock
        self._gates: OrderedDict[tuple[int, int | None], Gate] = OrderedDict()
        self._shut: dict[tuple[int, int | None], Gate] = {}

    def set(self, rates: Rates | None) -> None:
        """From now on and from a calm start; None: off."""
        self.rates = rates
        self._gates.clear()
        self._shut.clear()
        self._tell()

    def describe(self) -> Json:
        """The rates, and who is shut out: of which chat (None: of writing to many), for how long,
        and how many calls came nevertheless."""
        now = self._clock()
        self._shut = {key: gate for key, gate in self._shut.items() if gate.shut_until > now}
        shut = [
            {
                "bot_id": bot_id,
                "chat_id": chat_id,
                "seconds_left": gate.shut_until - now,
                "refused": gate.refused,
            }
            for (bot_id, chat_id), gate in self._shut.items()
        ]
        return {"rates": asdict(self.rates) if self.rates else None, "shut": shut}

    def take(
        self, bot_id: int, chat_id: int, acted_at: float, count: int = 1, *, paid: bool = False
    ) -> None:
        """A bot sends `count` messages to a chat in which a user did something at `acted_at`. They
        pass together where there is room for one. Raises ApiError 429."""
        if self.rates is None:
            return
        now = self._clock()
        bulk = now - acted_at > ANSWERING
        gates = [self._gate(bot_id, one) for one in ([chat_id, None] if bulk else [chat_id])]
        for gate in gates:
            self._pass(bot_id, gate, now)
        for gate in gates:
            wait = gate.wait(now, self.rates, paid=paid)
            if wait > 0:
                gate.refused = 1
                gate.shut(now, math.ceil(wait))
                raise self._refusal(bot_id, gate, now)
        for gate in gates:
            gate.note(now, self.rates, count)

    def once(self, bot_id: int) -> None:
        """What a bot may do once a second, whatever the rates: set a webhook. Raises ApiError
        429."""
        now = self._clock()
        gate = self._gate(bot_id, NOBODY)
        if self.rates is not None and gate.calm_at > now:
            raise too_many(1)
        gate.calm_at = now + 1

    def glance(self, bot_id: int, chat_id: int) -> None:
        """What counts for nothing, such as that a bot types, is refused with the rest. Raises
        ApiError 429."""
        now = self._clock()
        gate = self._gates.get((bot_id, chat_id))
        if gate and gate.shut_until > now:
            raise too_many(gate.shut_until - now)

    def _gate(self, bot_id: int, chat_id: int | None) -> Gate:
        key = bot_id, chat_id
        gate = self._gates.setdefault(key, Gate(chat_id))
        self._gates.move_to_end(key)
        if len(self._gates) > KEPT:
            self._gates.popitem(last=False)
        return gate

    def _pass(self, bot_id: int, gate: Gate, now: float) -> None:
        """Raises ApiError 429 when the gate is shut, and shuts it for longer: an offence."""
        if gate.shut_until <= now:
            return
        gate.refused += 1
        if now - gate.shut_at >= UNDER_WAY:
            gate.shut(now, 2 * gate.seconds)
        raise self._refusal(bot_id, gate, now)

    def _refusal(self, bot_id: int, gate: Gate, now: float) -> ApiError:
        self._shut[bot_id, gate.chat_id] = gate
        self._tell()
        return too_many(gate.shut_until - now)

    def _tell(self) -> None:
        self._events.tell("limits", **self.describe())


def too_many(seconds: float) -> ApiError:
    """Error 429: https://core.telegram.org/bots/api#responseparameters."""
    whole = max(1, math.ceil(round(seconds, 3)))
    return ApiError(429, f"Too Many Requests: retry after {whole}", retry_after=whole)
