"""Open files: each connection is one, and how many a process may have is limited."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable

import structlog

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

RESERVE = 200
"""Files for Redis, HTTP, libraries and what handlers open."""
NEARLY = 0.97
"""Share of the limit from which on connections fail, or soon will."""
INTERVAL = 5.0
"""Seconds between two looks."""
OPEN = "/dev/fd"
"""Lists the files that a process has open, on Linux and macOS."""
ADVICE = "raise the hard limit: `ulimits` in compose.yaml, LimitNOFILE= in systemd, or ulimit -n"

log = structlog.get_logger(__name__)


def raise_limit() -> None:
    """Take all that the hard limit allows: the soft one is 1,024 on many systems."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # macOS refuses a soft limit above its own, where the hard one is infinite.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class OpenFiles:
    """Tells when there are too few of them: else some bots would not work, and nobody knew why.

    Args:
        connections: tells how many the service may have to Telegram at once.
    """

    def __init__(self, connections: Callable[[], int]) -> None:
        self._connections = connections

    def warnings(self) -> list[str]:
        """Say what is wrong, and what to do."""
        return list(self._look().values())

    def _look(self) -> dict[str, str]:
        limit = _limit()
        found = {}
        if limit and (needed := self._connections() + RESERVE) > limit:
            found["few"] = f"{needed:,} open files may be needed, {limit:,} are allowed: {ADVICE}"
        if limit and _count(limit) > NEARLY * limit:
            found["full"] = f"nearly all of the {limit:,} allowed files are open: {ADVICE}"
        return found

    async def watch(self) -> None:
        """Say in the log what is wrong, once, and when that is over."""
        said: dict[str, str] = {}
        while True:
            now = self._look()
            for kind in now.keys() - said.keys():
                log.warning(now[kind])
            for kind in said.keys() - now.keys():
                log.info("there are enough open files again", was=said[kind])
            said = now
            await asyncio.sleep(INTERVAL)


def _limit() -> int | None:
    if resource is None:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _count(limit: int) -> int:
    """Count the open files of this process; all of them where not even a look is possible."""
    try:
        return len(os.listdir(OPEN))  # noqa: PTH208 - not one object for each of thousands
    except OSError as error:
        return limit if error.errno == errno.EMFILE else 0
