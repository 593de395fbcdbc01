"""Telegram behind a proxy, with a certificate that an authority of our own has signed."""

import contextlib
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from pydantic import SecretStr

from fleet.settings import Settings
from fleet.telegram import connector, retries
from fleet.telegram.session import TelegramSessions, create_sessions
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.certificates import HOST, KEY_PASSWORD, NAME, sign
from tests.proofs.cli.command import CommandLine
from tests.proofs.proxies import PASSWORD, USER, Proxy, http, relay, socks5
from tests.proofs.watch import get, new_bots
from tests.waiting import until

KEY = "k" * 40
tunnels = pytest.mark.parametrize("around", ["http", "https", "socks5"], indirect=True)
"""Proxies that pass on what they do not understand: with plain HTTP in it their errors look like
Telegram's."""
all_kinds = pytest.mark.parametrize("around", ["http", "https", "socks5", "plain"], indirect=True)


@dataclass
class Surroundings:
    """A Telegram that can be reached through the proxy alone."""

    scheme: str
    authority: Path
    api: str
    """Its name can be looked up by the proxy alone."""
    proxy: Proxy
    tls: ssl.SSLContext

    def up(self) -> AbstractAsyncContextManager[None]:
        """Have the proxy work."""
        tls = self.tls if self.scheme == "https" else None
        return self.proxy.serving(socks5 if self.scheme == "socks5" else http, tls)

    def url(self, password: str = PASSWORD) -> str:
        return f"{self.scheme}://{USER}:{quote(password, safe='')}@{HOST}:{self.proxy.port}"

    def settings(self) -> dict[str, str]:
        return {
            "TELEGRAM_API_URL": self.api,
            "TELEGRAM_PROXY": self.url(),
            "SSL_CERT_FILE": str(self.authority),
        }

    @contextlib.asynccontextmanager
    async def sessions(self, password: str = PASSWORD) -> AsyncIterator[TelegramSessions]:
        made = create_sessions(
            Settings(
                telegram_api_url=self.api,
                telegram_proxy=SecretStr(self.url(password)),
                ssl_cert_file=self.authority,
            )
        )
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture
async def around(
    request: pytest.FixtureRequest, sandbox_url: str, tmp_path: Path
) -> AsyncIterator[Surroundings]:
    """A kind of proxy; `plain`: HTTP without TLS in it."""
    authority = sign(tmp_path, "ca", None)
    sign(tmp_path, "server", authority)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key", KEY_PASSWORD)
    port = int(sandbox_url.rpartition(":")[2])

    async def forward(_: Proxy, reader: StreamReader, writer: StreamWriter) -> None:
        await relay(reader, writer, port)

    front = Proxy()
    plain = request.param == "plain"
    async with front.serving(forward, None if plain else tls):
        yield Surroundings(
            "http" if plain else request.param,
            tmp_path / "ca.crt",
            f"http{'' if plain else 's'}://{NAME}:{front.port}",
            Proxy(),
            tls,
        )


@all_kinds
async def test_polls_and_calls_of_150_bots_go_through_the_proxy(
    around: Surroundings,
    start_service: StartService,
    sandbox: SandboxClient,
    clean_redis: str,
    tmp_path: Path,
) -> None:
    ids, tokens = await new_bots(sandbox, 150)
    async with around.up():
        settings = {"BOT_TOKENS": tokens, "SECRET_KEY": KEY, **around.settings()}
        service = await start_service(**settings)

        async def polled() -> int:
            return sum(one["polls"] for one in await sandbox.bots() if one["id"] in ids)

        async def all_poll() -> bool:
            return await polled() == len(ids)

        await until(all_poll, "150 bots poll", moving=polled)
        assert around.proxy.most_open >= 150
        for bot in ids[:20]:
            await sandbox.send(bot, "hello")
        for bot in ids[:20]:
            assert (await sandbox.reply(bot, 7))["text"] == "hello"
        assert set(around.proxy.asked_for) == {NAME}

        _, token = await new_bots(sandbox)
        command = CommandLine(tmp_path, {"REDIS_URL": clean_redis, **settings})
        assert "is in the fleet" in await command.ok("add", stdin=token)
    # The proxy is away, for polls and for calls; what comes meanwhile is answered then.
    await sandbox.send(ids[0], "meanwhile")

    async def told() -> bool:
        _, health = await get(service)
        return any("Cannot connect to host" in (bot["error"] or "") for bot in health["bots"])

    await until(told, "the state of a bot says that the proxy is away")
    async with around.up():
        assert (await sandbox.reply(ids[0], 7))["text"] == "meanwhile"
    assert quote(PASSWORD, safe="") not in service.log
    assert PASSWORD not in service.log


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits before further tries short; their number stays."""
    monkeypatch.setattr(retries, "DELAYS", (0.01,) * len(retries.DELAYS))


@pytest.fixture
async def token(sandbox: SandboxClient) -> str:
    return (await new_bots(sandbox))[1]


@pytest.mark.usefixtures("quick")
@tunnels
async def test_what_a_proxy_refused_is_tried_again(around: Surroundings, token: str) -> None:
    async with around.up(), around.sessions() as sessions:
        around.proxy.fail = 3
        assert await Bot(token, session=sessions.calls).get_me()
        assert around.proxy.fail == -1
        around.proxy.fail = 99
        with pytest.raises(TelegramNetworkError, match=r"Cannot connect .* \[the proxy does not"):
            await Bot(token, session=sessions.polls).get_me()


@pytest.mark.usefixtures("quick")
@all_kinds
async def test_a_proxy_that_is_away(around: Surroundings, token: str) -> None:
    async with around.up():
        pass
    tries = 0
    async with around.sessions() as sessions:
        bot = Bot(token, session=sessions.calls)
        with pytest.raises(TelegramNetworkError, match="Cannot connect to host"):
            await bot.get_me()
        async with contextlib.AsyncExitStack() as stack:

            async def come_back(make_request: Any, bot: Bot, method: Any) -> Any:
                nonlocal tries
                tries += 1
                if tries == 3:
                    await stack.enter_async_context(around.up())
                return await make_request(bot, method)

            sessions.calls.middleware(come_back)
            assert await bot.get_me()
    assert tries == 3


@pytest.mark.usefixtures("quick")
@tunnels
async def test_a_proxy_that_does_not_answer_is_given_up_early(
    around: Surroundings, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "CONNECT_TIMEOUT", 0.2)
    around.proxy.hang = True
    async with around.up(), around.sessions() as sessions:
        with pytest.raises(TelegramNetworkError, match="timeout"):
            await Bot(token, session=sessions.polls).get_me()


@pytest.mark.usefixtures("quick")
@tunnels
async def test_a_login_that_the_proxy_refuses_is_told_and_not_shown(
    around: Surroundings, token: str
) -> None:
    async with around.up(), around.sessions("wr@ng") as sessions:
        with pytest.raises(TelegramNetworkError, match="the proxy does not connect: ") as caught:
            await Bot(token, session=sessions.calls).get_me()
    assert "ng" not in str(caught.value).removeprefix("HTTP Client says - Client")


@pytest.mark.usefixtures("quick")
@tunnels
async def test_a_certificate_of_an_unknown_authority_is_refused(
    around: Surroundings, token: str
) -> None:
    sign(around.authority.parent, "other", None)
    around.authority = around.authority.with_name("other.crt")
    async with around.up(), around.sessions() as sessions:
        with pytest.raises(TelegramNetworkError, match="certificate verify failed"):
            await Bot(token, session=sessions.calls).get_me()


@all_kinds
async def test_the_limits_of_connections_stay(around: Surroundings) -> None:
    async with around.up(), around.sessions() as sessions:
        calls = await sessions.calls.create_session()
        polls = await sessions.polls.create_session()
        assert calls.connector is not None
        assert polls.connector is not None
        assert (calls.connector.limit, polls.connector.limit) == (200, 0)
