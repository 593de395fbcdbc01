"""What the addresses in the settings must look like."""

from urllib.parse import urlsplit

from fleet.ops.logging import redact


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
