"""The process around the service: its event loop, its garbage collector, its end."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

FAILED = 1
"""Exit code of a service that failed."""
LAST_WORDS = 1.0
"""Seconds that what handlers left running has to end, after everything else has."""

log = structlog.get_logger(__name__)


def run_to_its_end(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, None]) -> None:
    """Run the service until it ends by itself, whatever the tasks beside it do.

    In a task, `sys.exit` and `KeyboardInterrupt` end the event loop and not the task alone, and so
    all turns of all bots. In a turn they are an error of its handler; in a task that a handler
    has left running they are no more than that.
    """
    task = loop.create_task(main)
    while not task.done():
        try:
            loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt):
            if not task.done():
                log.exception("a task beside the turns wants to end the process")
    task.result()


@contextmanager
def leaving_soon() -> Iterator[None]:
    """Leave the process soon after the block has ended, with 0 if it did well, else 1 or its code.

    No task that will not be cancelled, and no thread, of a handler holds the process up then. Its
    turn is back in the inbox, and most likely in another replica's hands by now.
    """
    code: object = FAILED
    try:
        yield
        code = 0
    except SystemExit as end:
        code = end.code
        raise
    except Exception as error:
        log.critical("the service failed", exc_info=error)
        raise SystemExit(FAILED) from None
    finally:
        _leave_after(LAST_WORDS, code if isinstance(code, int) else FAILED)


def _leave_after(seconds: float, code: int) -> None:
    def leave() -> None:
        log.warning("leaving although a handler still runs; its update gets its turn elsewhere")
        os._exit(code)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Have SIGTERM and SIGINT set `stop`; a second one ends the process at once."""

    def tell(number: int) -> None:
        if stop.is_set():
            log.warning("second signal: leaving at once; other replicas take the turns over")
            os._exit(128 + number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell, number)


def relieve_garbage_collector() -> None:
    """Spare it what never becomes garbage, and many rounds: else it takes 40 % of the CPU.

    Turns it on, if it was off until now.
    """
    gc.collect()
    gc.freeze()
    # Objects made since the last round, then rounds until the next older generation's. The default
    # of 700 objects is less than one batch of turns makes while it is in flight.
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not to be had on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
