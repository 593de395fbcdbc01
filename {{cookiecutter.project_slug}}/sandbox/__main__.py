"""`python -m sandbox`: the server. `python -m sandbox chat`: talk to a bot. `… dev`: run it all."""

import asyncio
import sys
from importlib.util import find_spec
from pathlib import Path

from sandbox.address import configured
from sandbox.errors import ControlError

USAGE = """\
usage: python -m sandbox        start the sandbox (SANDBOX_HOST, SANDBOX_PORT; 127.0.0.1:8081)
       … --keep FILE            with what happened before, which FILE keeps over a restart
       python -m sandbox chat   talk to a bot; --help says more
       python -m sandbox dev    run Redis, the sandbox and the bots; a change restarts them

As the package telegram-sandbox it has no `dev`: that runs the project it comes from."""


def main() -> int:
    """Exit code: 0 after a stop, 1 when it cannot run, 2 for wrong use."""
    command, *rest = sys.argv[1:] or ["serve"]
    if find_spec("dotenv"):  # another project may be without
        from sandbox.environment import adopt_address

        adopt_address()
    try:
        if (command == "serve" and not rest) or (command == "--keep" and len(rest) == 1):
            host, port = configured()
            from sandbox.server import serve

            asyncio.run(serve(host, port, Path(rest[0]) if rest else None))
        elif command == "chat":
            from sandbox.chat import main as chat

            return chat(rest)
        elif command == "dev" and find_spec("sandbox.dev"):
            from sandbox.dev import main as dev

            return dev(rest)
        else:
            print(USAGE, file=sys.stderr)
            return 0 if command in ("-h", "--help", "help") else 2
    except ControlError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
