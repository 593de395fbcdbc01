"""A pytest plugin for `-p`: whoever wants the network, fails."""

import socket
import sys

FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo"}


def _refuse(event: str, args: tuple[object, ...]) -> None:
    # asyncio's pair of sockets, by which threads wake the event loop, is AF_UNIX.
    opens = event == "socket.__new__" and args[1] in (socket.AF_INET, socket.AF_INET6)
    if opens or event in FORBIDDEN:
        raise RuntimeError(f"no network in these tests: {event}{args[1:]}")


sys.addaudithook(_refuse)
