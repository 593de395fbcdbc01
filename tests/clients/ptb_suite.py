"""A pytest plugin for the suite of python-telegram-bot, which tests/test_conformance.py runs: what
it sends to Telegram goes to the sandbox, and nothing to anywhere else.

Environment: SANDBOX_URL.
"""

import os

import httpx
import pytest

SANDBOX = httpx.URL(os.environ["SANDBOX_URL"])
SEND = httpx.AsyncHTTPTransport.handle_async_request


async def send(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
    """What every client of httpx does with a request. Raises ConnectError."""
    if request.url.host != "api.telegram.org":
        raise httpx.ConnectError(f"not sent to {request.url.host}", request=request)
    request.url = request.url.copy_with(scheme=SANDBOX.scheme, host=SANDBOX.host, port=SANDBOX.port)
    return await SEND(transport, request)


def pytest_configure(config: pytest.Config) -> None:
    """The suite's tests are marked for a plugin that would run them again when they fail."""
    config.addinivalue_line("markers", "flaky")


@pytest.fixture(scope="session")
def worker_id() -> str:
    """As pytest-xdist has it where there is one worker."""
    return "master"


# As soon as pytest has the plugin, which is before there is a client.
httpx.AsyncHTTPTransport.handle_async_request = send  # type: ignore[assignment]  # on purpose
