"""How a setting is declared: with its default, its bounds and what to write when it is wrong."""

from collections.abc import Callable
from typing import Any

from pydantic import BeforeValidator, Field


def setting(default: Any, write: str, **limits: Any) -> Any:
    """Declare a setting; `write` completes "write …" in the error for a wrong value."""
    return Field(default, json_schema_extra={"write": write}, **limits)


def whole(default: int, high: int, *, low: int = 1) -> Any:
    """Declare a whole number from `low` to `high`."""
    return setting(default, f"a whole number from {low} to {high}", ge=low, le=high)


def seconds(default: float, high: int) -> Any:
    """Declare a time in seconds."""
    write = f"a number of seconds above 0, at most {high}"
    return setting(default, write, gt=0, le=high, allow_inf_nan=False)


def any_case(change: Callable[[str], str]) -> BeforeValidator:
    """Have a text changed before it is checked, such as `str.upper`."""
    return BeforeValidator(lambda value: change(value) if isinstance(value, str) else value)
