"""Turns: an update through the dispatcher, and whose trouble it is when that fails."""

from fleet.telegram.current import TurnLost
from fleet.turn.errors import SETTLED, TurnBack, Verdict
from fleet.turn.taker import TurnTaker

__all__ = ["SETTLED", "TurnBack", "TurnLost", "TurnTaker", "Verdict"]
