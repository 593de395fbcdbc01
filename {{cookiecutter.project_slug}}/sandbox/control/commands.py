"""The commands of the control API by name: what `POST /sandbox/<command>` does."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from sandbox import control
from sandbox.control import (
    apps,
    checklists,
    clock,
    games,
    groups,
    inline,
    joining,
    managed,
    payments,
    people,
    polls,
    profiles,
)
from sandbox.errors import ControlError
from sandbox.nearest import nearest, unknown
from sandbox.world.events import Json
from sandbox.world.world import World

MODULES = [
    import_module(f"{control.__name__}.{one.name}")
    for one in pkgutil.iter_modules(control.__path__)
    if one.name != "commands"
]
COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command for module in MODULES for command in getattr(module, "COMMANDS", ())
}
LARGEST_ID = 2**52
BY_PEOPLE = (
    *(apps, checklists, games, inline, joining),
    *(managed, payments, people, polls, profiles),
)
ACTING = {command for module in BY_PEOPLE for command in module.COMMANDS}
"""What nobody does whose account is deleted."""
DEEDS = ACTING | {command for module in (clock, groups, joining) for command in module.COMMANDS}
DEEDS -= {games.add_game, groups.groups, people.users, *payments.LOOKING, *profiles.COMMANDS}
"""What a test would have people do."""


async def run(world: World, command: str, arguments: Json) -> Any:
    """Does what a command says and returns its answer as JSON.

    Raises ControlError that says what is wrong, and NothingCameError when a wait ends in vain.
    """
    function = COMMANDS.get(command)
    if function is None:
        near = nearest(command, COMMANDS)
        raise ControlError(f"no command {command!r}{near}; there are: {', '.join(COMMANDS)}", 404)
    known = list(inspect.signature(function).parameters.values())[1:]
    strange = unknown(arguments, [one.name for one in known])
    missing = [one.name for one in known if one.default is one.empty and one.name not in arguments]
    if strange or missing:
        raise ControlError(
            f"{command}: unknown: {', '.join(strange) or 'none'}; "
            f"missing: {', '.join(missing) or 'none'}; "
            f"known: {', '.join(one.name for one in known)}"
        )
    values = {name: checked(function, name, value) for name, value in arguments.items()}
    if function in ACTING and values.get("user_id") in world.deactivated:
        raise ControlError(
            f"user {values['user_id']} has deleted the account: be somebody else (add_user)"
        )
    number = world.new_id()
    if function in DEEDS:
        told = {name: without_data(one) for name, one in arguments.items() if one is not None}
        world.events.tell("deed", number=number, command=command, arguments=told)
    try:
        result = await function(world, **values)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # What is inside of objects: raw updates, fields of a Message.
        raise ControlError(f"{command}: wrong value: {error!r}") from error
    if function in DEEDS:
        world.events.tell("done", number=number, result=result)
    return result


def without_data(value: object) -> object:
    """An argument, but for the content of a file, which can be long."""
    if not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if name != "data"}


def checked(function: Callable[..., Any], name: str, value: object) -> Any:
    """An argument as the type of the parameter says. Raises ControlError."""
    try:
        value = argument_type(function, name).validate_python(value)
    except ValidationError as error:
        raise ControlError(f"{name}: {error.errors()[0]['msg']}") from error
    several = value if isinstance(value, list) else [value]
    numbers = [one for one in several if isinstance(one, int)]
    if any(abs(one) > LARGEST_ID for one in numbers):
        raise ControlError(f"{name}: no number is that large")
    if name in ("user_id", "user_ids", "member_id") and min(numbers, default=1) <= 0:
        raise ControlError(f"{name}: ids of users are above zero")
    return value


@functools.cache
def argument_type(function: Callable[..., Any], name: str) -> TypeAdapter[Any]:
    """Knows what an argument may be."""
    return TypeAdapter(get_type_hints(function)[name], config={"allow_inf_nan": False})
