"""What the addresses in the settings must look like."""

import re
from urllib.parse import urlsplit

from fleet.ops.logging import redact

# A name or an IPv4 address, a port, and a path that no proxy on the way understands in another way.
_WEBHOOK = re.compile(r"https?://[\w.-]+(:[0-9]+)?(/(?!\.{1,2}(/|$))[\w.~-]+)*/?", re.ASCII)


def is_base_url(url: str) -> bool:
    """Tell whether it is an address of a server, to which paths can be added."""
    # A token does not belong here, and braces would have a meaning for aiogram.
    return (
        redact(url) == url and _names_a_host(url, "http", "https") and not set(url) & set("{}?# ")
    )


def is_webhook_url(url: str) -> bool:
    """Tell whether it is a base address under which Telegram can be told to find webhooks."""
    return is_base_url(url) and _WEBHOOK.fullmatch(url) is not None


def is_proxy_url(url: str) -> bool:
    """Tell whether it is an address of a proxy through which Telegram can be reached."""
    if not _names_a_host(url, "http", "https", "socks5"):
        return False
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query and not parts.fragment


def _names_a_host(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises if it is no port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
