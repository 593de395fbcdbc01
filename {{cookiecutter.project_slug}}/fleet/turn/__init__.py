"""Turns: an update through the dispatcher, as a whole, and whose trouble it is when that fails."""

from fleet.telegram.current import TurnLost
from fleet.turn.errors import SETTLED, LeftOut, TurnBack, Verdict
from fleet.turn.jobs import Job
from fleet.turn.taker import TurnTaker
from fleet.turn.timers import Timer, Timers
from fleet.turn.turn import Turn

__all__ = [
    "SETTLED",
    "Job",
    "LeftOut",
    "Timer",
    "Timers",
    "Turn",
    "TurnBack",
    "TurnLost",
    "TurnTaker",
    "Verdict",
]
