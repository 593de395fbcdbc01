"""What a forged webhook costs: `python -m benchmarks.forged`, in half a minute.

A request that is not Telegram's is refused on the event loop that has the turns. Beside it stands
the least that aiohttp takes for any request: a server that answers each with 401.
"""

import argparse
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop
from aiohttp import web

from benchmarks.board import NEVER, now
from benchmarks.machine import ROOT, Bench, bench, bots
from benchmarks.measures import BOTS
from benchmarks.process import Process, free_port, wait_until
from benchmarks.replicas import replica
from benchmarks.tables import table
from benchmarks.telegram import FIRST_UPDATE, UPDATE

WARM = 2_000
REQUESTS = 20_000
CONNECTIONS = 10
"""Over which they come, one after the other on each, as from a proxy."""
HEADER = "X-Telegram-Bot-Api-Secret-Token"
BODY = (UPDATE % (FIRST_UPDATE, 1, 1, 1, "read", NEVER, now())).encode()


def request(bot: int, secret: str | None) -> bytes:
    """Write a request as Telegram does, with this secret."""
    head = [
        f"POST /webhook/{bot} HTTP/1.1",
        "Host: bots.example.com",
        "Content-Type: application/json",
        f"Content-Length: {len(BODY)}",
        *([f"{HEADER}: {secret}"] if secret else []),
    ]
    return "\r\n".join([*head, "", ""]).encode() + BODY


KINDS: dict[str, Callable[[int], bytes]] = {
    "no secret": lambda bot: request(bot, None),
    "a secret that is none of ours": lambda bot: request(bot, "guessed"),
    "one that looks like ours": lambda bot: request(bot, secrets.token_hex(32)),
    "a bot that is not there": lambda bot: request(bot + BOTS, "guessed"),
}


class Clients:
    """Some connections to a server."""

    def __init__(self, port: int) -> None:
        self._sockets = [
            socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(CONNECTIONS)
        ]

    def ask(self, number: int, make: Callable[[int], bytes]) -> None:
        """Send so many requests, each when the one before it on its connection is answered."""
        for at in range(0, number, CONNECTIONS):
            for n, one in enumerate(self._sockets):
                one.sendall(make(bots(BOTS)[(at + n) % BOTS]))
            for one in self._sockets:
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += one.recv(65536)
                if not answer.startswith(b"HTTP/1.1 401 "):
                    sys.exit(f"not refused: {answer!r}")

    def close(self) -> None:
        for one in self._sockets:
            one.close()


def cost(process: Process, port: int, make: Callable[[int], bytes]) -> float:
    """µs of CPU for each."""
    clients = Clients(port)
    clients.ask(WARM, make)
    before = process.cpu
    clients.ask(REQUESTS, make)
    used = process.cpu - before
    clients.close()
    return 1e6 * used / REQUESTS


def measure(arena: Bench) -> list[tuple[str, str]]:
    """Give each kind of request and what it costs."""
    port = free_port()
    core = {arena.cores[1]}
    least = Process(
        [sys.executable, "-m", "benchmarks.forged", "--serve", str(port)],
        core, arena.folder / "least.log", cwd=ROOT,
    )  # fmt: skip
    try:
        wait_until(lambda: listens(port), "the other server listens", 30)
        rows = [("aiohttp alone", cost(least, port, KINDS["no secret"]))]
    finally:
        least.kill()
    settings = {"SECRET_KEY": "benchmark" * 4, "WEBHOOK_URL": "https://bots.example.com"}
    with arena.load() as load, replica(arena, load, bots(BOTS), 0, core, **settings) as one:
        load.wait_until(lambda: one.is_ready, "the project is ready", [one.process])
        rows += [(kind, cost(one.process, one.port, make)) for kind, make in KINDS.items()]
    return [(kind, f"{microseconds:.0f}") for kind, microseconds in rows]


def listens(port: int) -> bool:
    """Whether somebody does."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def serve(port: int) -> None:
    """Answer every request with 401, as plainly as aiohttp can."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_post("/webhook/{bot_id}", refuse)
    web.run_app(
        app, host="127.0.0.1", port=port, access_log=None, print=None, loop=uvloop.new_event_loop()
    )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forged", description=__doc__)
    parser.add_argument("--project", type=Path, help="a baked project; else one is baked")
    parser.add_argument("--serve", type=int, metavar="PORT", help="be the other server")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with bench(options.project) as arena:
        print(table(("a request with …", "µs of CPU"), measure(arena)))


if __name__ == "__main__":
    main()
