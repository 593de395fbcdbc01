"""Whether what the sandbox says is what Telegram's objects look like, by aiogram's types.

aiogram's models take fields that they do not know and numbers in strings: so an answer fits when it
has no unknown field and comes out of the model as it went in.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiogram.types import Update
from pydantic import BaseModel, TypeAdapter

from sandbox.client import SandboxClient
from sandbox.methods.decode import known_methods
from sandbox.world import legacy


def unknown_fields(value: Any, path: str = "") -> list[str]:
    """Where there are fields that Telegram does not have."""
    if isinstance(value, BaseModel):
        extra = (value.model_extra or {}).keys() - legacy.NAMES
        found = [f"{path}.{name}" for name in extra]
        for name in value.model_fields_set & type(value).model_fields.keys():
            found += unknown_fields(getattr(value, name), f"{path}.{name}")
        return found
    if isinstance(value, list):
        return [name for one in value for name in unknown_fields(one, f"{path}[]")]
    return []


def check(annotation: Any, value: Any) -> None:
    """Raises AssertionError for what is no such object."""
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    model = adapter.validate_python(value)
    assert not unknown_fields(model), value
    made = adapter.dump_python(model, mode="python", exclude_unset=True, by_alias=True)
    assert json.loads(json.dumps(made, default=as_number)) == value


def as_number(value: Any) -> int:
    """What aiogram takes for a time, even the seconds at which a video starts."""
    return int(value.timestamp())


def check_call(call: dict[str, Any]) -> None:
    """Raises AssertionError if the answer to a call of a bot is not what the method returns."""
    assert call["status"] != 500, call
    if call["status"] == 200:
        method = known_methods()[call["method"].lower()]
        check(method.__returning__, call["answer"]["result"])


@contextlib.asynccontextmanager
async def everything_fits(sandbox: SandboxClient) -> AsyncIterator[None]:
    """At the end, every answer to a bot and every update in between must fit."""
    updates: list[Any] = []
    events = sandbox._connection.events(None)
    await anext(events)

    async def collect() -> None:
        async with contextlib.aclosing(events):
            async for event in events:
                # Nothing of Telegram's tells that the clock was moved.
                if event["event"] == "update" and "clock" not in event["update"]:
                    updates.append(event["update"])
                if event["event"] == "user" and event["user"]["first_name"] == "The End":
                    return

    collecting = asyncio.create_task(collect())
    yield
    await sandbox.ask("add_user", first_name="The End")
    await asyncio.wait_for(collecting, 10)
    for update in updates:
        check(Update, update)
    for call in await sandbox.calls():
        check_call(call)
