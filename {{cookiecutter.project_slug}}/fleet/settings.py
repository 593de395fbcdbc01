"""Every setting of the service, from the environment and from `.env`."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fleet.bots.tokens import BotToken, merge_tokens, parse_tokens
from fleet.checks import API_URL, ApiUrl, ProxyUrl, RedisUrl, SecretKey, Tokens, WebhookUrl
from fleet.environment import SettingsError, read_file, read_settings
from fleet.fields import any_case, seconds, setting, whole
from fleet.ops.logging import LogFormat
from fleet.redis.keys import PREFIX

__all__ = ["TELEGRAM", "Settings", "SettingsError", "load_settings"]

TELEGRAM = "https://api.telegram.org"
WEBHOOK_PORTS = (443, 80, 88, 8443)
"""Those to which Telegram connects: https://core.telegram.org/bots/api#setwebhook"""


class Settings(BaseSettings):
    """The settings, checked. Made directly, as in tests, it reads no environment."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    bot_tokens: Tokens = SecretStr("")
    bot_tokens_file: Path | None = None
    redis_password: SecretStr | None = None
    """From REDIS_PASSWORD or, as it was at the start, from REDIS_PASSWORD_FILE."""
    redis_password_file: Path | None = None
    """To be read again at each login: the password may change while the service runs."""
    redis_url: RedisUrl = SecretStr("redis://localhost:6379/0")
    """Secret, as it may hold a password; `redis_password` wins over that."""
    redis_prefix: str = setting(
        PREFIX,
        "a name like shop: for all keys, of 1 to 64 letters, digits and any of : . _ -",
        pattern=r"^[A-Za-z0-9:._-]{1,64}$",
    )
    """How the names of all keys in Redis begin."""
    redis_wait_replicas: int = whole(0, 10, low=0)
    """Replicas of Redis that must have an update before it is confirmed to Telegram."""
    shards: int = whole(64, 1_024)
    """Shares of all chats; what the first start of a deployment had holds for ever."""
    webhook_url: WebhookUrl = None
    """The public base address, without a slash at the end; it may have a port and a path.

    Set: webhook mode; None: polling.
    """
    trusted_proxies: int = setting(0, "how many proxies stand in front: 0 or more", ge=0, le=100)
    """How many of the last addresses in X-Forwarded-For were written by proxies of ours."""
    secret_key: SecretKey = None
    """Root of the webhook secrets and of the encryption of tokens."""
    secret_key_file: Path | None = None
    telegram_api_url: ApiUrl = setting(TELEGRAM, API_URL)
    """Without a slash at the end."""
    telegram_api_local: bool = setting(default=False, write="true or false")
    """Whether that is a Bot API server in local mode, whose files are in our file system."""
    telegram_proxy: ProxyUrl = None
    """Secret, as it may hold a login. None: Telegram is reached straight."""
    ssl_cert_file: Path | None = None
    """Authorities that Telegram's certificate may be signed by; None: those that browsers trust."""
    call_timeout: float = seconds(60, 3_600)
    """Seconds for one call."""
    upload_timeout: float = seconds(600, 86_400)
    """Seconds for one call that sends a file."""
    http_host: str = setting(
        "0.0.0.0",  # noqa: S104 - in a container the published port says who may connect
        "an address of this machine, like 127.0.0.1, or 0.0.0.0 for all",
        pattern=r"^[\w.:%-]+$",
    )
    http_port: int = setting(8080, "a port from 1 to 65535, or 0 for any free one", ge=0, le=65535)
    concurrency: int = whole(100, 10_000)
    """Turns at once in this replica."""
    handler_timeout: float = seconds(120, 86_400)
    """Seconds for one turn."""
    drain_timeout: float = seconds(20, 3_600)
    """Seconds for the turns in flight at SIGTERM."""
    max_attempts: int = whole(3, 1_000)
    """Turns of one update that may die with their process before it becomes a dead letter."""
    inbox_limit: int = whole(100_000, 100_000_000)
    """Updates that may wait in all before intake pauses."""
    inbox_limit_per_bot: int = whole(20_000, 100_000_000)
    """Updates of one bot that may wait before its intake pauses."""
    user_limit: int = whole(100, 1_000_000)
    """Updates of one conversation that may wait; the newest beyond are left out and counted."""
    directory: bool = setting(default=True, write="on or off")
    """Whether to note which chats each bot knows."""
    chat_rate: int = whole(1, 1_000, low=0)
    """Messages a second into one chat; 0: any number."""
    chat_burst: int = whole(5, 1_000)
    """Messages at once into a chat that was calm."""
    group_rate: int = whole(20, 1_000, low=0)
    """Messages a minute into one group or channel; 0: any number."""
    bulk_rate: int = whole(30, 1_000, low=0)
    """Messages of broadcasts that a bot sends in a second; 0: as fast as it can."""
    drop_pending_updates: bool = setting(default=False, write="true or false")
    """Whether to drop, at a start while no replica lives, what came before."""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], any_case(str.upper)
    ] = setting("INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL")
    log_format: Annotated[LogFormat | None, any_case(str.lower)] = setting(None, "json or console")
    """None: console on a terminal, else json."""

    def tokens(self) -> list[BotToken]:
        """Return the tokens of BOT_TOKENS and BOT_TOKENS_FILE; reads the file anew.

        There may be none where SECRET_KEY is set: then bots can be added at run time.
        Raises SettingsError if there is none, or the file is not there or not right.
        """
        tokens = parse_tokens(self.bot_tokens.get_secret_value())
        if path := self.bot_tokens_file:
            text = read_file("BOT_TOKENS_FILE", path)
            try:
                tokens = merge_tokens([*tokens, *parse_tokens(text, comments=True)])
            except ValueError as error:
                raise SettingsError(f"BOT_TOKENS_FILE: {path}: {error}") from None
        if not tokens and self.secret_key is None:
            where = (
                f"BOT_TOKENS_FILE: write a bot token into {path}"
                if path
                else "BOT_TOKENS: write a bot token"
            )
            raise SettingsError(f"{where}, as @BotFather gives it, like 123456789:AA…")
        return tokens

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the constructor is given and nothing else; `load_settings` reads the rest."""
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for field, what in (("redis_password", "password"), ("secret_key", "key")):
            path = values.get(f"{field}_file")
            if not path:
                continue
            name = field.upper()
            if values.get(field):
                raise ValueError(f"{name}: keep only one of it and {name}_FILE")
            secret = read_file(f"{name}_FILE", Path(path)).strip()
            if not secret:
                raise ValueError(f"{name}_FILE: write the {what} into {path}, the file is empty")
            values = values | {field: secret}
        return values

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        if self.webhook_url is None:
            return self
        if self.secret_key is None:
            raise ValueError("SECRET_KEY: set it, the secrets of webhooks are made from it")
        if self.telegram_api_url == TELEGRAM:
            url = urlsplit(self.webhook_url)
            if url.scheme != "https":
                raise ValueError(
                    "WEBHOOK_URL: write an https:// address, Telegram accepts no other"
                )
            if url.port not in (None, *WEBHOOK_PORTS):
                ports = ", ".join(map(str, WEBHOOK_PORTS))
                raise ValueError(
                    f"WEBHOOK_URL: write one of the ports {ports}, Telegram connects to no other"
                )
        return self

    @model_validator(mode="after")
    def _check_way_to_telegram(self) -> Self:
        if self.telegram_api_local and self.telegram_api_url == TELEGRAM:
            raise ValueError(
                "TELEGRAM_API_LOCAL: write the address of your own Bot API server into "
                "TELEGRAM_API_URL, too"
            )
        if path := self.ssl_cert_file:
            try:
                ssl.create_default_context(cafile=path)
            except ssl.SSLError:
                raise ValueError(f"SSL_CERT_FILE: write certificates in PEM into {path}") from None
            except OSError as error:
                text = f"SSL_CERT_FILE: {path} cannot be read: {error.strerror}"
                raise ValueError(text) from None
        return self


def load_settings() -> Settings:
    """Read the settings: see `read_settings`. Raises SettingsError, also if there is no token."""
    settings = read_settings(Settings)
    settings.tokens()
    return settings
