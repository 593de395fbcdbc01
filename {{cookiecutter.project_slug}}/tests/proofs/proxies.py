"""Proxies on loopback: HTTP and SOCKS, which look every name up as this machine."""

import asyncio
import base64
import contextlib
import ssl
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncIterator, Awaitable, Callable

from tests.serving import listening

USER, PASSWORD = "me", "p@ss:word/"
SUCCEEDED, REFUSED = 0, 5
"""Answers of a SOCKS server: https://www.rfc-editor.org/rfc/rfc1928#section-6"""


class Proxy:
    """What all of them note, and how they misbehave."""

    def __init__(self) -> None:
        self.asked_for: list[str] = []
        """The hosts, in order."""
        self.open = 0
        self.most_open = 0
        self.fail = 0
        """How many of the next connections it refuses."""
        self.hang = False
        """Whether it takes connections and says nothing."""
        self.port = 0

    @contextlib.asynccontextmanager
    async def serving(
        self,
        serve: Callable[["Proxy", Reader, Writer], Awaitable[None]],
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[None]:
        """Serve at a port, which stays the same when it serves again."""

        async def take(reader: Reader, writer: Writer) -> None:
            self.open += 1
            self.most_open = max(self.open, self.most_open)
            try:
                if tls:  # not the server's own: what is in its handshake would be nobody's
                    await secure(writer, tls)
                if self.hang:
                    await reader.read()
                else:
                    await serve(self, reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                self.open -= 1

        async with listening(take, self.port) as self.port:
            yield

    def refuses(self) -> bool:
        self.fail -= 1
        return self.fail >= 0


async def secure(writer: Writer, tls: ssl.SSLContext) -> None:
    plain = writer.transport
    try:
        await writer.start_tls(tls)
    except AttributeError as error:
        # The other side has gone in the middle of it: Python has no transport then, and needs one.
        writer._transport = plain  # type: ignore[attr-defined]
        raise ConnectionResetError from error


async def http(proxy: Proxy, reader: Reader, writer: Writer) -> None:
    """CONNECT, and plain requests for one host a connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target = head.split(b" ")[:2]
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    if b"Proxy-Authorization: Basic " + login not in head:
        writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
    elif proxy.refuses():
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    else:
        host = target if method == b"CONNECT" else target.split(b"/")[2]
        name, _, port = host.decode().partition(":")
        proxy.asked_for.append(name)
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await relay(reader, writer, int(port), b"" if method == b"CONNECT" else head)


async def socks5(proxy: Proxy, reader: Reader, writer: Writer) -> None:
    """SOCKS 5 with a login: RFC 1928 and 1929."""
    _, methods = await reader.readexactly(2)
    if 2 not in await reader.readexactly(methods):
        writer.write(b"\5\xff")
        return
    writer.write(b"\5\2")
    await reader.readexactly(1)
    user, password = await text(reader), await text(reader)
    if (user, password) != (USER, PASSWORD):
        writer.write(b"\1\1")
        return
    writer.write(b"\1\0")
    *_, kind = await reader.readexactly(4)
    host = await text(reader) if kind == 3 else ".".join(map(str, await reader.readexactly(4)))
    port = int.from_bytes(await reader.readexactly(2), "big")
    answer = REFUSED if proxy.refuses() else SUCCEEDED
    writer.write(bytes([5, answer, 0, 1, 0, 0, 0, 0, 0, 0]))
    if answer == SUCCEEDED:
        proxy.asked_for.append(host)
        await relay(reader, writer, port)


async def text(reader: Reader) -> str:
    """Read a text behind its length."""
    [length] = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()


async def relay(reader: Reader, writer: Writer, port: int, first: bytes = b"") -> None:
    """Pass everything on, to that port of this machine and back, until either side ends."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(first)

    async def copy(source: Reader, target: Writer) -> None:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()

    tasks = [asyncio.create_task(copy(reader, back)), asyncio.create_task(copy(there, writer))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        back.transport.abort()
