"""How turns end that do not end well."""

import traceback

import structlog

from fleet.inbox import EndedTurn, Outcome, Turn
from fleet.inbox.letters import LONGEST_ERROR, LONGEST_TRACEBACK, shorten
from fleet.ops.logging import redact
from fleet.worker.traces import trace_of

FIRST_DELAY = 0.5
"""Seconds until an update that went back for the first time gets its next turn."""
LONGEST_DELAY = 60.0
"""Seconds at the most: the time doubles with each."""
MOST_BACKS = 100
"""How often an update may go back until it is a dead letter."""

log = structlog.get_logger(__name__)


def back(turn: Turn, seconds: float | None = None) -> EndedTurn:
    """Let an update have another turn: in so many seconds, or when its own delay is over."""
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(turn.backs, 10))
    return EndedTurn(turn, Outcome.BACK, again_in=delay if seconds is None else seconds)


def dead(turn: Turn, error: BaseException) -> EndedTurn:
    """Make an update a dead letter, and say so."""
    # Once, for the log too: this is the better part of what a turn that fails costs.
    reason, trace = map(redact, _describe(error))
    log.error(
        "the update is a dead letter now",
        error=reason,
        exception=trace.rstrip(),
        exc_info=(type(error), error, error.__traceback__),
    )
    error_text, trace = shorten(reason, LONGEST_ERROR), shorten(trace, LONGEST_TRACEBACK)
    return EndedTurn(turn, Outcome.DEAD, error=error_text, traceback=trace)


def killed(turn: Turn) -> EndedTurn:
    """The same, for one in whose turns processes died."""
    cause = f"the process died in each of {turn.deaths} turns of this update"
    log.error("the update is a dead letter now", error=cause, conversation=turn.conversation)
    return EndedTurn(turn, Outcome.DEAD, error=cause)


def _describe(error: BaseException) -> tuple[str, str]:
    """Give an error's text and its traceback."""
    try:
        # The standard library knows that an error's own repr and str may raise.
        text = "".join(traceback.format_exception_only(error))
        return text.strip(), trace_of(error)
    except Exception:  # noqa: BLE001 - it trusts a SyntaxError's numbers, which a parser may mistake
        return type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
