"""Each mistake in a setting gives a line that names it and says what to write."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from fleet.settings import Settings, SettingsError, load_settings
from tests.fleet.mistakes import OTHER, problem

pytestmark = pytest.mark.usefixtures("folder")


def test_defaults() -> None:
    settings = load_settings()
    assert settings.redis_url.get_secret_value() == "redis://localhost:6379/0"
    assert settings.redis_password is None
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 8080)  # noqa: S104 - compared
    assert (settings.concurrency, settings.max_attempts) == (100, 3)
    assert (settings.handler_timeout, settings.drain_timeout) == (120, 20)
    assert (settings.call_timeout, settings.upload_timeout) == (60, 600)
    assert (settings.inbox_limit, settings.inbox_limit_per_bot) == (100_000, 20_000)
    assert (settings.shards, settings.user_limit, settings.redis_wait_replicas) == (64, 100, 0)
    assert (settings.log_level, settings.log_format) == ("INFO", None)
    assert [token.bot_id for token in settings.tokens()] == [1000001]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("CONCURRENCY", "abc", 'CONCURRENCY: write a whole number from 1 to 10000, not "abc"'),
        ("CONCURRENCY", "0", 'CONCURRENCY: write a whole number from 1 to 10000, not "0"'),
        ("CONCURRENCY", "1.5", 'CONCURRENCY: write a whole number from 1 to 10000, not "1.5"'),
        ("MAX_ATTEMPTS", "-1", 'MAX_ATTEMPTS: write a whole number from 1 to 1000, not "-1"'),
        ("INBOX_LIMIT", "0", 'INBOX_LIMIT: write a whole number from 1 to 100000000, not "0"'),
        (
            "INBOX_LIMIT_PER_BOT",
            "many",
            'INBOX_LIMIT_PER_BOT: write a whole number from 1 to 100000000, not "many"',
        ),
        ("SHARDS", "2000", 'SHARDS: write a whole number from 1 to 1024, not "2000"'),
        ("USER_LIMIT", "0", 'USER_LIMIT: write a whole number from 1 to 1000000, not "0"'),
        (
            "REDIS_WAIT_REPLICAS",
            "-1",
            'REDIS_WAIT_REPLICAS: write a whole number from 0 to 10, not "-1"',
        ),
        (
            "DRAIN_TIMEOUT",
            "0",
            'DRAIN_TIMEOUT: write a number of seconds above 0, at most 3600, not "0"',
        ),
        (
            "CALL_TIMEOUT",
            "0",
            'CALL_TIMEOUT: write a number of seconds above 0, at most 3600, not "0"',
        ),
        (
            "UPLOAD_TIMEOUT",
            "long",
            'UPLOAD_TIMEOUT: write a number of seconds above 0, at most 86400, not "long"',
        ),
        (
            "HANDLER_TIMEOUT",
            "inf",
            'HANDLER_TIMEOUT: write a number of seconds above 0, at most 86400, not "inf"',
        ),
        (
            "HANDLER_TIMEOUT",
            "nan",
            'HANDLER_TIMEOUT: write a number of seconds above 0, at most 86400, not "nan"',
        ),
        (
            "HTTP_PORT",
            "70000",
            'HTTP_PORT: write a port from 1 to 65535, or 0 for any free one, not "70000"',
        ),
        (
            "HTTP_HOST",
            "http://x",
            (
                "HTTP_HOST: write an address of this machine, like 127.0.0.1, or 0.0.0.0 for all, "
                'not "http://x"'
            ),
        ),
        (
            "LOG_LEVEL",
            "loud",
            'LOG_LEVEL: write DEBUG, INFO, WARNING, ERROR or CRITICAL, not "loud"',
        ),
        ("LOG_FORMAT", "Xml", 'LOG_FORMAT: write json or console, not "Xml"'),
    ],
)
def test_wrong_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    monkeypatch.setenv(name, value)
    assert problem() == line


@pytest.mark.parametrize(
    "value",
    [
        "api.telegram.org",
        "ftp://host",
        "https://",
        "http://host:abc",
        "http://h/{x}",
        "http://h?a=b",
    ],
)
def test_wrong_telegram_api_url(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TELEGRAM_API_URL", value)
    assert problem() == (
        "TELEGRAM_API_URL: write an address that starts with https:// or http://, "
        f'like https://api.telegram.org, not "{value}"'
    )


def test_local_files_want_a_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_API_LOCAL", "true")
    assert problem() == (
        "TELEGRAM_API_LOCAL: write the address of your own Bot API server into TELEGRAM_API_URL, "
        "too"
    )
    monkeypatch.setenv("TELEGRAM_API_URL", "http://botapi:8081")
    assert load_settings().telegram_api_local
    monkeypatch.setenv("TELEGRAM_API_LOCAL", "here")
    assert problem() == 'TELEGRAM_API_LOCAL: write true or false, not "here"'


@pytest.mark.parametrize(
    "value",
    [
        "host:3128",
        "ftp://host",
        "http://",
        "socks5://me:s3cret@host:x",
        "http://h/s3cret",
        "socks4://h",
    ],
)
def test_wrong_telegram_proxy(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TELEGRAM_PROXY", value)
    example = "http://host:3128 or socks5://host:1080"
    assert problem() == f"TELEGRAM_PROXY: write an address like {example}"


@pytest.mark.parametrize("value", ["http://me:s3cret@h", "https://h:1/", "socks5://[::1]:1080"])
def test_right_telegram_proxy(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TELEGRAM_PROXY", value)
    settings = load_settings()
    assert settings.telegram_proxy == SecretStr(value)
    assert "s3cret" not in repr(settings)


def test_no_proxy_where_env_file_has_one(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / ".env").write_text("TELEGRAM_PROXY=http://host:3128")
    monkeypatch.setenv("TELEGRAM_PROXY", "direct")
    assert load_settings().telegram_proxy is None


def test_wrong_ssl_cert_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    path = folder / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert problem() == f"SSL_CERT_FILE: {path} cannot be read: No such file or directory"
    path.write_text("no certificate")
    assert problem() == f"SSL_CERT_FILE: write certificates in PEM into {path}"


def test_telegram_api_url_loses_its_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_API_URL", "http://sandbox:8081/")
    assert load_settings().telegram_api_url == "http://sandbox:8081"


def test_every_mistake_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONCURRENCY", "HTTP_PORT", "REDIS_URL", "BOT_TOKENS"):
        monkeypatch.setenv(name, "wrong")
    names = [line.partition(":")[0] for line in problem().splitlines()]
    assert sorted(names) == ["BOT_TOKENS", "CONCURRENCY", "HTTP_PORT", "REDIS_URL"]


def test_environment_wins_over_env_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / ".env").write_text(
        f"""\ufeff# a comment
BOT_TOKENS="{OTHER}"
CONCURRENCY=7
export LOG_LEVEL='debug'
HTTP_PORT=
MAX_ATTEMPTS=5
SOMETHING_ELSE=1
""",
        encoding="utf-8",
    )
    monkeypatch.setenv("CONCURRENCY", "8")
    monkeypatch.setenv("MAX_ATTEMPTS", "")
    settings = load_settings()
    assert [token.bot_id for token in settings.tokens()] == [1000001]
    assert settings.concurrency == 8
    assert settings.log_level == "DEBUG"
    assert settings.http_port == 8080
    assert settings.max_attempts == 5, "a variable set to nothing counts as not set"
    assert "SOMETHING_ELSE" not in os.environ


@pytest.mark.parametrize("value", ["my shop:", "{shop}:", "shop*", "s" * 65, "shöp:", "shop\n"])
def test_wrong_redis_prefix(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("REDIS_PREFIX", value)
    assert problem() == (
        "REDIS_PREFIX: write a name like shop: for all keys, of 1 to 64 letters, digits "
        f'and any of : . _ -, not "{value}"'
    )


@pytest.mark.parametrize("name", [field.upper() for field in Settings.model_fields])
def test_bytes_that_are_no_text(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "redis://:s3cret\udcff@host")
    assert problem() == f"{name}: write it in UTF-8"


def test_env_file_that_is_not_text(folder: Path) -> None:
    (folder / ".env").write_bytes(b"LOG_LEVEL=\xff")
    assert problem() == ".env: write it in UTF-8"


def test_made_directly_it_reads_no_environment(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / ".env").write_text("MAX_ATTEMPTS=5")
    monkeypatch.setenv("CONCURRENCY", "8")
    settings = Settings(http_port=0)
    assert (settings.concurrency, settings.max_attempts, settings.http_port) == (100, 3, 0)
    with pytest.raises(SettingsError, match="BOT_TOKENS: write a bot token"):
        settings.tokens()


def test_settings_do_not_change() -> None:
    settings: Any = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.concurrency = 1
