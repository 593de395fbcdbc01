"""WEBHOOK_URL: an address that works end to end, or a line that says what to write."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from fleet.intake.keeper import webhook_url
from fleet.intake.webhook import paths
from fleet.settings import Settings

LOCAL = "http://localhost:8081"


def settings(url: str, **others: Any) -> Settings:
    return Settings(webhook_url=url, secret_key=SecretStr("k" * 40), **others)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://bots.example.com", "https://bots.example.com/webhook/7?"),
        ("https://bots.example.com/", "https://bots.example.com/webhook/7?"),
        ("https://bots.example.com:8443/tg", "https://bots.example.com:8443/tg/webhook/7?"),
        ("https://1.2.3.4:88/a/b-c/", "https://1.2.3.4:88/a/b-c/webhook/7?"),
        ("https://Bots.example.com:443/.well", "https://Bots.example.com:443/.well/webhook/7?"),
    ],
)
def test_port_and_path_are_kept(url: str, address: str) -> None:
    checked = settings(url).webhook_url
    assert checked is not None
    assert webhook_url(checked, 7, "secret").startswith(address)


@pytest.mark.parametrize(
    "url",
    [
        "bots.example.com", "ftp://bots.example.com", "https://", "https:///tg", "https://a.b?x=1",
        "https://a.b#x", "https://a.b/a b", "https://a.b/{x}", "https://a.b/../x", "https://a.b/x/.",
        "https://a.b//x", "https://a.b/*", "https://a.b/%2e%2e", "https://a.b:99999", "https://a.b:x",
        "https://me:secret@a.b", "https://[::1]", "HTTPS://a.b", "https://b\u00fccher.example",
    ],
)  # fmt: skip
def test_no_base_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="write a base address like"):
        settings(url)


@pytest.mark.parametrize("port", [8080, 444, 8444])
def test_telegram_connects_to_four_ports_alone(port: int) -> None:
    with pytest.raises(ValidationError, match="ports 443, 80, 88, 8443, Telegram connects to no o"):
        settings(f"https://bots.example.com:{port}")
    assert settings(f"https://bots.example.com:{port}", telegram_api_url=LOCAL)


def test_telegram_takes_https_alone() -> None:
    with pytest.raises(ValidationError, match="write an https:// address"):
        settings("http://bots.example.com")
    assert settings("http://bots.example.com", telegram_api_url=LOCAL)


def test_webhooks_are_served_with_and_without_the_path() -> None:
    assert paths("https://a.b") == {"/webhook/{bot_id}"}
    assert paths("https://a.b:88/x/y") == {"/webhook/{bot_id}", "/x/y/webhook/{bot_id}"}
