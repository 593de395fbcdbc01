"""The parameters of calls that have nothing to upload and nothing to translate: most of them.

aiogram's way from a method to a body goes over every parameter that there is, three times, and ends
in a form; Telegram takes JSON as well: https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from aiogram.client.default import Default
from pydantic import BaseModel

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.methods import TelegramMethod

PLAIN = frozenset({str, int, bool, float})
NO_FILES = PLAIN | {type(None), Default}
"""Types of values in which there is no file: of nearly all values."""


def fields_of(model: BaseModel) -> dict[str, Any]:
    """Give what iterating over a model gives, in a fifth of the time."""
    return vars(model) | (model.model_extra or {})


def plain(bot: Bot, method: TelegramMethod[Any]) -> dict[str, Any] | None:
    """Give the parameters as JSON holds them, or None if aiogram must translate some of them."""
    parameters: dict[str, Any] = {}
    for name, value in fields_of(method).items():
        if type(value) is Default:
            value = bot.default[value.name]  # noqa: PLW2901 - it stands for that
        if value is None or value == "":
            continue
        if type(value) in PLAIN or _is_plain_list(value):
            parameters[name] = value
        elif isinstance(value, Enum):  # ParseMode.HTML, as a default of all bots
            parameters[name] = value.value
        elif name == "reply_markup" and isinstance(value, BaseModel):  # no files and no times in it
            parameters[name] = value.model_dump(mode="json", exclude_none=True, warnings=False)
        else:
            return None
    return parameters


def _is_plain_list(value: object) -> bool:
    """Tell whether it is one of texts or numbers, such as `message_ids`."""
    return type(value) is list and all(type(one) in PLAIN for one in value)
