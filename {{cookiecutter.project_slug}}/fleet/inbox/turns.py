"""Turns: what the holder of a shard takes out of a mailbox, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fleet.inbox.conversation import bot_of
from fleet.overlay import StateWrite, TimerWrite


class Outcome(StrEnum):
    """What became of a turn."""

    DONE = "done"
    """The update was handled and is over."""
    DEAD = "dead"
    """The update could not be handled and is a dead letter now."""
    BACK = "back"
    """The update stays at the head of its mailbox and gets another turn."""


@dataclass(eq=False, slots=True)
class Turn:
    """One handling of one update, in hand from its begin until it is handed in."""

    conversation: str
    shard: int
    update_id: int
    """Below 0: a timer or job that has fired; unique in its shard."""
    update: bytes
    """As JSON; of an album an array of them."""
    states: Mapping[str, bytes | None] = field(default_factory=dict)
    """The state and the data of the conversation as Redis had them at the begin, by their keys."""
    asked_at: float = 0.0
    """When Redis was asked for them, by the monotonic clock."""
    deaths: int = 0
    """How many processes died in earlier turns of this update."""
    backs: int = 0
    """How often earlier ones went back for another reason."""
    noted: dict[bytes, bytes] = field(default_factory=dict)
    """The journal: what earlier turns of this update have done, and what came of it."""
    notes: list[tuple[bytes, bytes]] = field(default_factory=list)
    """What is to be added to it."""

    @property
    def bot_id(self) -> int:
        return bot_of(self.conversation)


@dataclass(eq=False, slots=True)
class EndedTurn:
    turn: Turn
    outcome: Outcome
    error: str = ""
    traceback: str = ""
    again_in: float = 0.0
    """Seconds until the next turn of an update that goes back."""
    writes: Sequence[StateWrite] = ()
    """What changes with the end of the turn."""
    timers: Sequence[TimerWrite] = ()
    """The same of timers."""
    on_written: Callable[[], None] = lambda: None
    """Called when it has."""
