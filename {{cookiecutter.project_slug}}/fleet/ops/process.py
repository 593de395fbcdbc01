"""The process around the service: its event loop, its garbage collector, its end."""

import asyncio
import gc
import os
import threading

import structlog

LAST_WORDS = 1.0
"""Seconds that what handlers left running has to end, after everything else has."""

log = structlog.get_logger(__name__)


def leave_soon() -> None:
    """Let no task that will not be cancelled, and no thread, of a handler hold the process up.

    Its turn is back in the inbox, and most likely in another replica's hands by now.
    """

    def leave() -> None:
        log.warning("leaving although a handler still runs; its update gets its turn elsewhere")
        os._exit(0)

    timer = threading.Timer(LAST_WORDS, leave)
    timer.daemon = True
    timer.start()


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
