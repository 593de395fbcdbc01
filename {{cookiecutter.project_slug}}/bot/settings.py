"""The settings of what the bots say, from the environment and `.env`. Those of `fleet/` are there.

To add one, write a field: its name in capitals is the variable's.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from fleet.settings import SettingsError


def _read_ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = [part for part in re.split(r"[,\s]+", value) if part]
    if not all(re.fullmatch(r"[0-9]{1,16}", part) for part in ids):
        raise ValueError("write the numbers of Telegram users, separated by commas, like 12345,678")
    return frozenset(map(int, ids))


class BotSettings(BaseSettings):
    """A variable set wins over `.env`; set to nothing it counts as not set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
    )

    admin_ids: Annotated[frozenset[int], NoDecode, BeforeValidator(_read_ids)] = frozenset()
    """The users who may change the fleet through a bot with the role `manager`."""


def load_settings() -> BotSettings:
    """Read the settings. Raises SettingsError, with a line for each mistake."""
    try:
        return BotSettings()
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        raise SettingsError(
            "\n".join(
                f"{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}"
                for one in mistakes
            )
        ) from None
