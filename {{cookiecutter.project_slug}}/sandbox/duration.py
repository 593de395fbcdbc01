"""How long something takes, in words."""

from __future__ import annotations

from datetime import timedelta

from sandbox.control.connection import SandboxError
from sandbox.nearest import unknown

UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")


def seconds_of(duration: dict[str, float]) -> float:
    """A duration in words of `timedelta`. Raises SandboxError."""
    if strange := unknown(duration, UNITS):
        raise SandboxError(f"time passes in {', '.join(UNITS)}, not in {', '.join(strange)}")
    return timedelta(**duration).total_seconds()
