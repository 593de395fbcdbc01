"""The load: a Bot API server that does next to nothing but be quick, in a process of its own.

It speaks what the contenders need: getUpdates with offsets, limit and long poll; sendMessage.
Two ways of load: `window` keeps a number of updates unhandled, topped up in batches as handlers end
(a service that always has a backlog); `rate` lets so many arrive every second, come what may.

    python -m benchmarks.telegram BOARD

Control is `POST /load` with JSON: see `Load`.
"""

import asyncio
import json
import re
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

import uvloop

from benchmarks.board import CONVERSATIONS, NEWS, Board, now

TICK = 0.001
"""Seconds between two looks at what is to arrive."""
BATCH = 100
"""Updates in one answer at the most, as with Telegram; and what a window is topped up by."""
TEXT = "%s %d %d"  # what users write: kind, sequence number, time of arrival

UPDATE = (
    '{"update_id":%d,"message":{"message_id":%d,"date":1700000000,'
    '"from":{"id":%d,"is_bot":false,"first_name":"Alice","username":"alice","language_code":"en"},'
    '"chat":{"id":%d,"first_name":"Alice","username":"alice","type":"private"},"text":"'
    + TEXT
    + '"}}'
)
_SENT = (
    b'{"ok":true,"result":{"message_id":7,"date":1700000000,"text":"hello",'
    b'"from":{"id":1000000,"is_bot":true,"first_name":"Bot","username":"load_bot"},'
    b'"chat":{"id":7,"first_name":"Alice","username":"alice","type":"private"}}}'
)
_ME = b'{"ok":true,"result":{"id":%d,"is_bot":true,"first_name":"Bot","username":"load%d_bot"}}'
FIRST_UPDATE = 499_999_744  # in the midst of a bitmap of 2,048 ids, as those of real bots are
# In forms, as aiogram sends them, and in JSON, as the project does.
ITS_TEXT = re.compile(rb'text(?:=|":")' + NEWS.encode())
CHAT = re.compile(rb'chat_id(?:=|":)(\d+)')
ASKED = re.compile(rb'(offset|limit|timeout)(?:=|":)(\d+)')
ECHO = re.compile(rb'text(?:=|":")echo[+ ](\d+)[+ ](\d+)')


def answer(body: bytes) -> bytes:
    """Wrap a JSON body into an HTTP answer."""
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    ) + body


SENT, TRUE = answer(_SENT), answer(b'{"ok":true,"result":true}')
EMPTY = answer(b'{"ok":true,"result":[]}')


@dataclass(frozen=True)
class Load:
    """What is to arrive."""

    bots: list[int]
    kind: str = "read"
    """read (the FSM state alone), echo (one sendMessage), form (reads and writes of state and data,
    and a sendMessage), work (CPU and a sendMessage), sleep, send (a timed sendMessage), broadcast
    (to CHATS), or fail."""
    conversations: int = CONVERSATIONS
    """Of each bot. Users write in turn."""
    window: int = 0
    """Updates to keep unhandled."""
    rate: float = 0.0
    """Updates to arrive each second."""
    count: int = 0
    """Updates after which no more arrive; 0: no end."""
    answers: bool = False
    """Note when echoes arrive here, in place of when handlers began."""


@dataclass
class News:
    """What has arrived of a broadcast. Times are those of `now`."""

    messages: int = 0
    first: int = 0
    last: int = 0
    chats: set[bytes] = field(default_factory=set)

    def add(self, body: bytes) -> None:
        """Note one of its messages."""
        self.last = now()
        self.first = self.first or self.last
        self.messages += 1
        self.chats.update(CHAT.findall(body))

    def told(self) -> dict[str, int]:
        """Tell it as JSON can."""
        return {**vars(self), "chats": len(self.chats)}


@dataclass
class Queue:
    """One bot: its updates not yet confirmed, and its open long poll."""

    id: int
    number: int = 0
    updates: deque[tuple[int, str]] = field(default_factory=deque)
    poll: "Client | None" = None
    deadline: float = 0.0

    def add(self, load: Load, sequence: int) -> None:
        """Let one user write."""
        user = 10_000 + self.number % load.conversations
        update = FIRST_UPDATE + self.number
        self.number += 1
        body = UPDATE % (update, self.number, user, user, load.kind, sequence, now())
        self.updates.append((update, body))

    def flush(self) -> None:
        """Answer the open poll."""
        if self.poll is not None and self.updates:
            poll, self.poll = self.poll, None
            poll.send(self.batch())

    def batch(self, limit: int = BATCH) -> bytes:
        """Give the oldest updates as an answer."""
        bodies = ",".join(body for _, body in islice(self.updates, limit))
        return answer(f'{{"ok":true,"result":[{bodies}]}}'.encode())

    def confirm(self, offset: int) -> None:
        """Forget what is older than `offset`."""
        while self.updates and self.updates[0][0] < offset:
            self.updates.popleft()


class Server:
    """All bots and the load on them."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.queues: dict[int, Queue] = {}
        self.load: Load | None = None
        self.sequence = 0
        self.began = (0.0, 0)
        self.turn = 0
        self.calls = 0
        self.times_answers = False
        self.news = News()

    async def run(self) -> None:
        """Let updates arrive."""
        loop = asyncio.get_running_loop()
        while True:
            time = loop.time()
            if self.load is not None:
                self._arrive(self.load, time)
            if int(time * 10) != int((time - TICK) * 10):
                self._close_polls(time)
            await asyncio.sleep(TICK)

    def change(self, load: Load | None) -> dict[str, int]:
        """Set the load, None for nothing more. Tells how much there was so far."""
        self.load = load
        if load:  # not when nothing more arrives: answers do
            self.times_answers = load.answers
        self.began = (asyncio.get_running_loop().time(), self.sequence)
        polls = sum(queue.poll is not None for queue in self.queues.values())
        told = {"updates": self.sequence, "calls": self.calls, "bots": len(self.queues)}
        return told | {"polls": polls}

    def queue(self, bot: int) -> Queue:
        """Give the bot, new at first sight."""
        return self.queues.setdefault(bot, Queue(bot))

    def _arrive(self, load: Load, time: float) -> None:
        began, first = self.began
        end = first + load.count if load.count else sys.maxsize
        if load.rate:
            due = min(end, first + int((time - began) * load.rate))
            touched = set()
            while self.sequence < due:
                queue = self.queue(load.bots[self.sequence % len(load.bots)])
                queue.add(load, self.sequence)
                self.sequence += 1
                touched.add(queue.id)
            for bot in touched:
                self.queues[bot].flush()
            return
        while self.sequence < end and self.sequence - self.board.ended + BATCH <= load.window:
            queue = self.queue(load.bots[self.turn % len(load.bots)])
            self.turn += 1
            for _ in range(min(BATCH, end - self.sequence)):
                queue.add(load, self.sequence)
                self.sequence += 1
            queue.flush()

    def _close_polls(self, time: float) -> None:
        for queue in self.queues.values():
            if queue.poll is not None and queue.deadline < time:
                poll, queue.poll = queue.poll, None
                poll.send(EMPTY)


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self._polls: Queue | None = None
        self.send: Callable[[bytes], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self.send = cast(asyncio.Transport, transport).write

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the poll that was open on it."""
        if self._polls is not None and self._polls.poll is self:
            self._polls.poll = None

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete."""
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            start = head + 4
            at = self._buffer.find(b"Content-Length: ", 0, head + 2)
            length = 0
            if at >= 0:
                length = int(self._buffer[at + 16 : self._buffer.index(b"\r\n", at)])
                if len(self._buffer) < start + length:
                    return
            path = self._buffer[: self._buffer.index(b" HTTP/")]
            body = self._buffer[start : start + length]
            self._buffer = self._buffer[start + length :]
            self._answer(path, body)

    def _answer(self, path: bytes, body: bytes) -> None:
        who, _, method = path.partition(b" /")[2].partition(b"/")
        self._server.calls += 1
        match method.lower():
            case b"sendmessage":
                self._note(body)
                self.send(SENT)
            case b"getupdates":
                asked = {name: int(number) for name, number in ASKED.findall(body)}
                self._get_updates(self._server.queue(_bot(who)), asked)
            case b"getme":
                self.send(answer(_ME % (_bot(who), _bot(who))))
            case b"" if who == b"load":
                wanted: dict[str, Any] | None = json.loads(body)
                told = self._server.change(None if wanted is None else Load(**wanted))
                self.send(answer(json.dumps(told).encode()))
            case b"" if who == b"news":
                self.send(answer(json.dumps(self._server.news.told()).encode()))
            case _:
                self.send(TRUE)

    def _note(self, body: bytes) -> None:
        server = self._server
        if ITS_TEXT.search(body):
            server.news.add(body)
        elif server.times_answers and (echo := ECHO.search(body)):
            number, arrived = map(int, echo.groups())
            server.board.time(number, now() - arrived)

    def _get_updates(self, queue: Queue, asked: dict[bytes, int]) -> None:
        queue.confirm(asked.get(b"offset", 0))
        if queue.updates:
            self.send(queue.batch(asked.get(b"limit", BATCH)))
        elif seconds := asked.get(b"timeout"):
            self._polls, queue.poll = queue, self
            queue.deadline = asyncio.get_running_loop().time() + seconds
        else:
            self.send(EMPTY)


def _bot(who: bytes) -> int:
    return int(who[3 : who.index(b":")])


async def main(board: Path) -> None:
    """Serve until killed, on a free port, which is printed."""
    server = Server(Board(board))
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Client(server), "127.0.0.1", 0, backlog=4096)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await server.run()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
