"""Parameters of a Bot API call.

https://core.telegram.org/bots/api#making-requests: they come in the query, as a form, as multipart
or as JSON; except in JSON every value is a string, and objects are JSON inside it.
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from sandbox.chats import Json
from sandbox.errors import bad_request

FALSE = {"", "0", "false", "no"}


class Params:
    """The parameters; reading one decodes it in place, so that the record shows what was meant."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """A string; empty when it is not there."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            value = self.values[name] = orjson.dumps(value).decode()
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A number, pulled into `low` to `high`; the default when it is none, as Telegram does."""
        value = self.whole(name)
        return default if value is None else max(low, min(high, value))

    def whole(self, name: str) -> int | None:
        """A number, or None when it is none."""
        try:
            value = int(self.values[name])
        except (KeyError, ValueError, TypeError):
            return None
        self.values[name] = value
        return value

    def boolean(self, name: str) -> bool:
        value = self.values[name] = str(self.values.get(name, "")).strip().lower() not in FALSE
        return value

    def json_object(self, name: str, meaning: str) -> Json | None:
        """A JSON object; None when it is not there. Raises ApiError 400."""
        value = self._structure(name, meaning)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"object expected as {meaning}")
        return value

    def json_array(self, name: str, meaning: str) -> list[Any] | None:
        """A JSON array; None when it is not there. Raises ApiError 400."""
        value = self._structure(name, meaning)
        if value is not None and not isinstance(value, list):
            raise bad_request(f"array expected as {meaning}")
        return value

    def json_objects(self, name: str, meaning: str) -> list[Json] | None:
        """An array of JSON objects; None when it is not there. Raises ApiError 400."""
        return check_objects(self.json_array(name, meaning), meaning)

    def _structure(self, name: str, meaning: str) -> object:
        value = self.values.get(name)
        if isinstance(value, str):
            if not value:
                return None
            try:
                value = self.values[name] = orjson.loads(value)
            except orjson.JSONDecodeError:
                raise bad_request(f"can't parse {meaning} JSON object") from None
        return value


def check_objects(values: list[Any] | None, meaning: str) -> list[Json] | None:
    """The same values. Raises ApiError 400 if one of them is no object."""
    for value in values or ():
        if not isinstance(value, dict):
            raise bad_request(f"object expected in {meaning}")
    return values


async def read_params(request: web.Request) -> Params:
    """The parameters of a request. Raises ApiError 400."""
    values: dict[str, Any] = dict(request.query)
    if not request.body_exists:
        return Params(values)
    if request.content_type == "application/json":
        try:
            content = orjson.loads(await request.read() or b"{}")
        except orjson.JSONDecodeError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(content, dict):
            raise bad_request("expected a JSON object")
        values.update(content)
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await request.post()).items():
            values[name] = value.filename if isinstance(value, web.FileField) else value
    return Params(values)
