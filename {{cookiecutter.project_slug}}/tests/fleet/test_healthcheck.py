"""The image's HEALTHCHECK: exit code 0 if the service is alive, else 1 and one line."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "fleet" / "ops" / "healthcheck.py"

needs_ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")


def run(**settings: str) -> tuple[int, str]:
    """Run the script as the image does; return its exit code and output."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT)],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@contextmanager
def server(status: int, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve /health/live with that status, and 404 else, on the port that is yielded."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/live" else 404)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with Server((host, 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listening.server_port
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "127.0.0.1", "localhost"])  # noqa: S104 - not bound
def test_alive(host: str) -> None:
    with server(200) as port:
        assert run(HTTP_HOST=host, HTTP_PORT=str(port)) == (0, "")


@needs_ipv6
def test_alive_on_both_families() -> None:
    with server(200, "::1") as port:
        assert run(HTTP_HOST="::", HTTP_PORT=str(port)) == (0, "")


def test_not_alive() -> None:
    with server(503) as port:
        code, said = run(HTTP_PORT=str(port))
    assert code == 1
    assert said == f"/health/live at 127.0.0.1:{port} answers: HTTP/1.0 503 Service Unavailable\n"


def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        code, said = run(HTTP_PORT=str(port))
    assert code == 1
    assert said.startswith(f"no answer from 127.0.0.1:{port}: ")
    assert said.count("\n") == 1


def test_a_service_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert run(HTTP_PORT=str(port)) == (1, f"no answer from 127.0.0.1:{port}: timed out\n")
