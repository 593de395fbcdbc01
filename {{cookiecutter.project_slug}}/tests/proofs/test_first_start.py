"""What somebody meets who starts the service for the first time is told with what to do."""

import socket

import pytest

from tests.conftest import StartService

TOKEN = f"3990001:{'f' * 35}"


@pytest.mark.parametrize("tokens", ["", TOKEN], ids=["none", "one"])
async def test_a_start_without_bots_says_how_to_get_one(
    start_service: StartService, tokens: str
) -> None:
    service = await start_service(BOT_TOKENS=tokens, SECRET_KEY="k" * 40)
    assert await service.stop() == 0
    assert ("there are no bots: set BOT_TOKENS, or run fleet add" in service.log) is (not tokens)


async def test_a_port_that_is_taken_is_named(start_service: StartService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        service = await start_service(wait=False, BOT_TOKENS=TOKEN, HTTP_PORT=str(port))
        assert await service.wait() == 2
    assert f"HTTP_PORT: {port} is taken; write another port" in service.log
