"""What a setting that holds an address, a token or a key must look like.

Each check returns the value as the service uses it. Raises ValueError, whose text completes
"NAME: …" and holds no secret.
"""

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from fleet.addresses import is_base_url, is_proxy_url, is_webhook_url
from fleet.bots.tokens import parse_tokens
from fleet.redis.url import parse_redis_url

SHORTEST_KEY = 32
"""Characters of a SECRET_KEY."""
API_URL = "an address that starts with https:// or http://, like https://api.telegram.org"
_WEBHOOK_URL = "a base address like https://bots.example.com or https://example.com:8443/bots"


def _check_tokens(value: SecretStr) -> SecretStr:
    parse_tokens(value.get_secret_value())
    return value


def _check_secret_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"write a random text of {SHORTEST_KEY} characters or more")
    return value


def _check_redis_url(value: SecretStr) -> SecretStr:
    parse_redis_url(value.get_secret_value())
    return value


def _check_webhook_url(value: str | None) -> str | None:
    if value is not None and not is_webhook_url(value):
        raise ValueError(f'write {_WEBHOOK_URL}, not "{value}"')
    return value and value.rstrip("/")


def _check_api_url(value: str) -> str:
    if not is_base_url(value):
        raise ValueError(f'write {API_URL}, not "{value}"')
    return value.rstrip("/")


def _check_proxy(value: SecretStr | None) -> SecretStr | None:
    url = value.get_secret_value() if value else ""
    if url == "direct":
        return None
    if value and not is_proxy_url(url):
        raise ValueError("write an address like http://host:3128 or socks5://host:1080")
    return value


Tokens = Annotated[SecretStr, AfterValidator(_check_tokens)]
SecretKey = Annotated[SecretStr | None, AfterValidator(_check_secret_key)]
RedisUrl = Annotated[SecretStr, AfterValidator(_check_redis_url)]
WebhookUrl = Annotated[str | None, AfterValidator(_check_webhook_url)]
ApiUrl = Annotated[str, AfterValidator(_check_api_url)]
ProxyUrl = Annotated[SecretStr | None, AfterValidator(_check_proxy)]
