"""`python -m tests.warm 5`: forks processes that need not load the libraries first.

Loading aiogram takes two seconds of a processor, and the proofs start hundreds of processes. Here
the libraries are loaded once, and nothing of the project: that, each process loads for itself, as
ever. Only what Python chooses when it starts, the seed of its hashes, is the same for all.

5 is a socket of packets. A request is JSON, with the files that become stdin, stdout and stderr;
it is answered by the number of the process, and its end by that number and its exit code. When
nobody asks any more, all are killed.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import select
import signal
import socket
import sys
from typing import Any

LIBRARIES = (
    "aiogram",
    "aiohttp.web",
    "aiohttp_socks",
    "cryptography.fernet",
    "orjson",
    "pydantic_settings",
    "redis.asyncio.cluster",
    "redis.asyncio.sentinel",
    "rich.live",
    "rich.table",
    "structlog",
    "typer",
    "uvloop",
)
LARGEST = 1 << 20
"""Bytes of a request."""
MOST_FILES = 1 << 16


def main() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    # Ctrl-C is for who started this process, and goes to all that it forked, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if request := serve(socket.socket(fileno=int(sys.argv[1]))):
        run(request)


def serve(requests: socket.socket) -> dict[str, Any]:
    """Fork for each request, and return it there; in this process, return nothing at the end."""
    running: dict[int, int] = {}
    """By file descriptor."""
    while True:
        for file in select.select([requests.fileno(), *running], [], [])[0]:
            if file in running:
                pid = running.pop(file)
                _, status = os.waitpid(pid, 0)
                os.close(file)
                tell(requests, [pid, os.waitstatus_to_exitcode(status)])
                continue
            content, files, _, _ = socket.recv_fds(requests, LARGEST, 3)
            if not content:
                for pid in running.values():
                    os.kill(pid, signal.SIGKILL)
                return {}
            pid = os.fork()
            if not pid:
                for number, one in enumerate(files):
                    os.dup2(one, number)
                requests.detach()
                os.closerange(3, MOST_FILES)
                return dict(json.loads(content))
            for one in files:
                os.close(one)
            running[os.pidfd_open(pid)] = pid
            tell(requests, [pid])


def tell(requests: socket.socket, numbers: list[int]) -> None:
    try:
        requests.send(json.dumps(numbers).encode())
    except OSError:  # there is nobody any more
        return


def run(request: dict[str, Any]) -> None:
    """Be `python -m module` from here on."""
    if request["leads"]:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_NOFILE, request["files"])
    os.chdir(request["folder"])
    # Python itself sets one where nothing says how characters are written.
    own = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}
    os.environ.clear()
    os.environ.update({**own, **request["env"]})
    sys.path[0] = request["folder"]
    sys.argv = [request["module"], *request["arguments"]]
    # Those that Python made were made for other files.
    sys.stdin = os.fdopen(0, errors=sys.stdin.errors, closefd=False)
    sys.stdout = os.fdopen(1, "w", errors=sys.stdout.errors, closefd=False)
    sys.stderr = os.fdopen(2, "w", errors=sys.stderr.errors, buffering=1, closefd=False)
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
