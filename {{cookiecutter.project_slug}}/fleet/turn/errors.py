"""What may be said of a turn that failed."""

from enum import Enum
from typing import Final


class Verdict(Enum):
    """What an error handler can say of an error by returning it."""

    SETTLED = "settled"
    """It is dealt with: the update is over, nothing is logged, and no dead letter is kept."""


SETTLED: Final = Verdict.SETTLED


class LeftOut(Exception):
    """As many updates of this conversation wait as USER_LIMIT allows, so this one was left out.

    Error handlers hear of the first one, so that they can tell its user; of the next one when none
    had to wait any more in between. It is over whatever they return.
    """


class TurnBack(Exception):
    """The turn is to be begun again: what ended it is no fault of its handler.

    Attributes:
        reason: for the log.
        seconds: not before so many; None: by the worker's own growing delay.
    """

    def __init__(self, reason: str, *, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
