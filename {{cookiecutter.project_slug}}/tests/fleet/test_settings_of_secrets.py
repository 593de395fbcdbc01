"""Tokens and passwords come from variables or from files, and no mistake shows one."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from fleet.settings import Settings, SettingsError, load_settings
from tests.fleet.mistakes import OTHER, TOKEN, problem

pytestmark = pytest.mark.usefixtures("folder")


def test_redis_password_from_a_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    path = folder / "password"
    path.write_text("  s3cret\n")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(path))
    settings = load_settings()
    assert settings.redis_password == SecretStr("s3cret")
    assert settings.redis_password_file == path


def test_password_and_password_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "s3cret")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", "/run/secrets/redis")
    assert problem() == "REDIS_PASSWORD: keep only one of it and REDIS_PASSWORD_FILE"


@pytest.mark.parametrize("name", ["REDIS_PASSWORD_FILE", "BOT_TOKENS_FILE"])
def test_unreadable_files(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> None:
    path = folder / "secret"
    monkeypatch.setenv(name, str(path))
    assert problem() == f"{name}: there is no file {path}"
    path.write_bytes(b"\xff\xfe")
    assert problem() == f"{name}: {path} is not text in UTF-8"
    path.unlink()
    path.mkdir()
    assert problem() == f"{name}: {path} cannot be read: Is a directory"


def test_empty_password_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    path = folder / "password"
    path.write_text("\n")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(path))
    assert problem() == f"REDIS_PASSWORD_FILE: write the password into {path}, the file is empty"


def test_tokens_of_variable_and_file_are_merged(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    path = folder / "tokens"
    path.write_text(f"# two\ndesk={TOKEN}\nshop={OTHER}\n")
    monkeypatch.setenv("BOT_TOKENS_FILE", str(path))
    settings = load_settings()
    assert [(token.bot_id, token.role) for token in settings.tokens()] == [
        (1000001, "desk"),
        (1000002, "shop"),
    ]
    path.write_text("")
    assert [token.bot_id for token in settings.tokens()] == [1000001]


def test_no_token(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv("BOT_TOKENS")
    how = "as @BotFather gives it, like 123456789:AA…"
    assert problem() == f"BOT_TOKENS: write a bot token, {how}"
    path = folder / "tokens"
    path.write_text("# none yet\n")
    monkeypatch.setenv("BOT_TOKENS_FILE", str(path))
    assert problem() == f"BOT_TOKENS_FILE: write a bot token into {path}, {how}"


def test_wrong_tokens(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("BOT_TOKENS", f"{TOKEN}, {OTHER}x!")
    assert problem().startswith("BOT_TOKENS: entry 2 is not a bot token: write it as")
    assert "bbb" not in problem()
    monkeypatch.setenv("BOT_TOKENS", TOKEN)
    path = folder / "tokens"
    path.write_text(f"{OTHER}\n1000001:{'c' * 35}")
    monkeypatch.setenv("BOT_TOKENS_FILE", str(path))
    assert problem() == (
        f"BOT_TOKENS_FILE: {path}: bot 1000001 has two different tokens: keep the valid one"
    )


@pytest.mark.parametrize("name", [field.upper() for field in Settings.model_fields])
def test_a_secret_in_the_wrong_variable_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for secret in (OTHER, f"https://api.telegram.org/bot{OTHER}"):
        monkeypatch.setenv(name, secret)
        try:
            load_settings()
        except SettingsError as error:
            assert "bbb" not in str(error).lower()  # noqa: PT017 - some take it, none shows it
