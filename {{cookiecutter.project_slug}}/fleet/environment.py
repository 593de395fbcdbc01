"""How settings are read: from the environment, `.env` and files of secrets, with plain errors."""

from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

from fleet.ops.logging import redact

S = TypeVar("S", bound=BaseSettings)


class SettingsError(ValueError):
    """A setting is wrong.

    The text names the variable and says what to write, a line for each mistake.
    It holds no secret.
    """

    def __init__(self, text: str) -> None:
        super().__init__(redact(text))


def read_settings(kind: type[S]) -> S:
    """Read the environment and the `.env` of the working directory; the environment wins.

    `kind` declares its fields with `fleet.fields` and takes values from its constructor alone.
    A variable set to nothing counts as not set. Raises SettingsError.
    """
    try:
        values = DotEnvSettingsSource(kind, env_file=".env", env_file_encoding="utf-8-sig")()
        values |= EnvSettingsSource(kind)()
        _check_text(values)
        return kind(**values)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        lines = [_line(kind, values, dict(mistake)) for mistake in mistakes]
        raise SettingsError("\n".join(lines)) from None
    except UnicodeDecodeError:
        raise SettingsError(".env: write it in UTF-8") from None
    except OSError as error:
        raise SettingsError(f".env: it cannot be read: {error.strerror}") from None


def read_file(name: str, path: Path) -> str:
    """Read the file that the variable `name` names. Raises SettingsError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{name}: there is no file {path}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name}: {path} is not text in UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{name}: {path} cannot be read: {error.strerror}") from None


def _check_text(values: dict[str, Any]) -> None:
    """Refuse bytes that are no text: whoever writes or sends them later would fail."""
    for name, value in values.items():
        try:
            str(value).encode()
        except UnicodeEncodeError:
            raise SettingsError(f"{name.upper()}: write it in UTF-8") from None


def _line(kind: type[BaseSettings], values: dict[str, Any], mistake: dict[str, Any]) -> str:
    if mistake["type"] == "value_error":
        text = str(mistake["ctx"]["error"])
        # Those of the whole model name their variable themselves.
        return f"{mistake['loc'][0].upper()}: {text}" if mistake["loc"] else text
    name = mistake["loc"][0]
    write = cast("dict[str, str]", kind.model_fields[name].json_schema_extra)["write"]
    return f'{name.upper()}: write {write}, not "{str(values[name])[:80]}"'
