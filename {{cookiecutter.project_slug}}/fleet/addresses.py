"""What the addresses in the settings must look like."""

import re
from urllib.parse import urlsplit

from redis.asyncio.connection import parse_url

from fleet.ops.logging import redact


def is_redis_url(url: str) -> bool:
    """Tell whether redis-py can connect to it."""
    try:
        parse_url(url)
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "unix":
        return bool(parts.path)
    # redis-py takes 0, without a word, for a database that it cannot read.
    return bool(parts.hostname) and re.fullmatch(r"(/[0-9]*)?", parts.path) is not None


def without_password(url: str) -> str:
    """Leave the password out; the user stays."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    login, _, host = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    return parts._replace(netloc=f"{user}@{host}" if user else host).geturl()


def is_base_url(url: str) -> bool:
    """Tell whether it is an address of a server, to which paths can be added."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises if it is no port
    except ValueError:
        return False
    # A token does not belong here, and braces would have a meaning for aiogram.
    return (
        redact(url) == url
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and not set(url) & set("{}?# ")
    )
