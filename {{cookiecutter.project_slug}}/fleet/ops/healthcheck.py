"""Ask the service on this machine whether it is alive: exit code 0, or 1 and a line that says why.

Run as `python -I -S fleet/ops/healthcheck.py`. A bare socket, since importing an HTTP client
costs more than the request. Reads HTTP_HOST and HTTP_PORT.
"""

import os
import socket
import sys

# Seconds to connect, and again for each part of the answer.
TIMEOUT = 3.0
# Who listens everywhere also listens here.
LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound


def check(host: str, port: int) -> str | None:
    """Return None if GET /health/live answers 200, else what is wrong."""
    request = f"GET /health/live HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
            connection.sendall(request.encode())
            with connection.makefile("rb") as answer:
                status = answer.readline(200).decode("latin-1").strip()
    except OSError as error:
        return f"no answer from {host}:{port}: {error}"
    if status.split(" ")[1:2] != ["200"]:
        return f"/health/live at {host}:{port} answers: {status or 'nothing'}"
    return None


def main() -> int:
    """Check once, as the environment says; return the exit code."""
    host = os.environ.get("HTTP_HOST", "")
    port = os.environ.get("HTTP_PORT") or "8080"
    problem = check(LOOPBACK.get(host, host), int(port))
    if problem:
        sys.stdout.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
