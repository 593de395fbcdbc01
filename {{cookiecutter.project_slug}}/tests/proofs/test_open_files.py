"""The limit of open files: raised as far as it goes, and where that is too little, told."""

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.watch import APP, get, new_bots, until_logged
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux shows another process' limits"
)

CROWD = 1_200
"""Bots: more than the soft limit of many systems."""


@contextlib.contextmanager
def soft_limit(files: int) -> Iterator[int]:
    """Lower the limit that new processes get; tell the hard one, which stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def limit(service: Process, files: int) -> None:
    _, hard = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (files, hard))


def open_files(service: Process) -> int:
    return len(list(Path(f"/proc/{service.pid}/fd").iterdir()))


async def warnings(service: Process) -> list[str]:
    found: list[str] = (await get(service))[1]["warnings"]
    return found


async def test_the_soft_limit_is_raised(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    _, tokens = await new_bots(sandbox)
    with soft_limit(512) as hard:
        service = await start_service(APP, BOT_TOKENS=tokens)
    assert resource.prlimit(service.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    assert await warnings(service) == []


async def test_more_bots_than_the_soft_limit_has_files_are_all_polled(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    _, tokens = await new_bots(sandbox, CROWD)
    with soft_limit(1024) as hard:
        if hard < 2 * CROWD:
            pytest.skip(f"the hard limit of this machine is {hard}")
        service = await start_service(APP, BOT_TOKENS=tokens)

    async def running() -> int:
        return [bot["state"] for bot in (await get(service))[1]["bots"]].count("running")

    async def all_run() -> bool:
        return await running() == CROWD

    await until(all_run, "all bots are polled", moving=running)
    # A connection for each: nobody waits until another's long poll is over.
    assert open_files(service) > CROWD
    assert await warnings(service) == []


async def test_too_few_files_and_none_left_are_told(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    _, tokens = await new_bots(sandbox, 3)
    service = await start_service(APP, BOT_TOKENS=tokens)
    limit(service, 402)
    [warning] = await warnings(service)
    # 3 polls, 200 calls, and the reserve.
    assert warning.startswith("403 open files may be needed, 402 are allowed: raise the hard limit")
    await until_logged(service, "403 open files may be needed")

    limit(service, 120)
    host, port = service.url.removeprefix("http://").split(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(120)]
    await until_logged(service, "nearly all of the 120 allowed files are open")
    for _, writer in opened:
        writer.close()
    limit(service, 1000)

    async def well() -> bool:
        return await warnings(service) == []

    await until(well, "all is well again")
    await until_logged(service, "there are enough open files again")
