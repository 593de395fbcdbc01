"""A way to Redis on which all that is sent can be held back, and arrives late."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.serving import accepting, settle


class Line:
    """Leads to a port of this machine.

    What was held back arrives, when it may, as it was sent, also from those who have hung up since.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        """Where it begins."""
        self.held = 0
        """Pieces that wait."""
        self._target = target
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._tasks: dict[asyncio.Task[None], tuple[StreamWriter, StreamWriter]] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        try:
            async with accepting(server) as self.port:
                yield
        finally:
            self.let_through()
            while self._tasks:
                for task in list(self._tasks):
                    for writer in self._tasks[task]:
                        writer.transport.abort()
                await asyncio.wait(self._tasks)
            await settle()

    def hold(self) -> None:
        """Let nothing through, neither way. New connections are taken."""
        self._is_open.clear()

    def let_through(self) -> None:
        self._is_open.set()

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        task = asyncio.create_task(self._join(reader, writer, there, back))
        self._tasks[task] = writer, back
        task.add_done_callback(self._tasks.pop)

    async def _join(
        self, reader: StreamReader, writer: StreamWriter, there: StreamReader, back: StreamWriter
    ) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back))
                group.create_task(self._carry(there, writer))
        finally:
            writer.transport.abort()
            back.transport.abort()

    async def _carry(self, source: StreamReader, target: StreamWriter) -> None:
        pieces: asyncio.Queue[bytes] = asyncio.Queue()

        async def take() -> None:
            data = b"-"
            while data:
                data = b""
                with suppress(OSError):
                    data = await source.read(65_536)
                self.held += 1
                pieces.put_nowait(data)

        async with asyncio.TaskGroup() as group:
            group.create_task(take())
            data = b"-"
            while data:
                data = await pieces.get()
                await self._is_open.wait()
                with suppress(OSError):  # who should get it has gone
                    if data:
                        target.write(data)
                    else:
                        target.write_eof()
                    await target.drain()
                self.held -= 1
