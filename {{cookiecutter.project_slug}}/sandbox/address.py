"""Where the sandbox is: known without the server, which takes seconds to import."""

from __future__ import annotations

import ipaddress
import os

from sandbox.errors import ControlError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8081


def reachable(host: str) -> str:
    """What to write in an address to reach, from this machine, a server that listens on `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return "127.0.0.1" if address.is_unspecified else host
    return "[::1]" if address.is_unspecified else f"[{host}]"


def configured() -> tuple[str, int]:
    """Host and port from SANDBOX_HOST and SANDBOX_PORT. Raises ControlError."""
    host = os.environ.get("SANDBOX_HOST") or DEFAULT_HOST
    port = os.environ.get("SANDBOX_PORT") or str(DEFAULT_PORT)
    if not port.isdecimal() or int(port) > 65535:
        raise ControlError(f"SANDBOX_PORT: {port!r} is no port; write a number from 0 to 65535")
    return host, int(port)
