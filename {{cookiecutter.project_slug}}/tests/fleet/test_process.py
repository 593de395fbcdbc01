"""The process around the service: where it listens, how it starts."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from fleet.ops.http import listen
from fleet.ops.process import new_event_loop, run_to_its_end

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("host", "answers"),
    [("::", ["127.0.0.1", "::1"]), ("::1", ["::1"]), ("0.0.0.0", ["127.0.0.1"])],  # noqa: S104 - on purpose
)
@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
async def test_who_is_answered(host: str, answers: list[str]) -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    try:
        await listen(runner, host, 0)
        port = runner.addresses[0][1]
        reached = []
        for address in ("127.0.0.1", "::1"):
            try:
                _, writer = await asyncio.open_connection(address, port)
            except OSError:
                continue
            reached.append(address)
            writer.close()
        assert reached == answers
    finally:
        await runner.cleanup()


async def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.has_dualstack_ipv6", lambda: False)
    runner = web.AppRunner(web.Application())
    with pytest.raises(OSError, match=r"no IPv6: write 0\.0\.0\.0") as caught:
        await listen(runner, "::", 0)
    assert caught.value.strerror, "what HTTP_HOST is refused with"


async def test_a_name_that_nobody_knows_is_told() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    try:
        with pytest.raises(OSError, match="nowhere") as caught:
            await listen(runner, "nowhere.invalid", 0)
    finally:
        await runner.cleanup()
    assert str(caught.value.strerror).startswith("nowhere.invalid: ")


def test_the_garbage_collector_works_once_the_service_runs() -> None:
    program = (
        "import gc; gc.disable()\n"
        "from fleet.ops.process import relieve_garbage_collector\n"
        "relieve_garbage_collector()\n"
        "assert gc.isenabled()"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, new_event_loop])
def test_a_task_that_calls_sys_exit_does_not_end_the_service(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def main() -> None:
        tasks = [asyncio.create_task(leave()) for _ in range(3)]
        await asyncio.wait(tasks)
        assert {type(task.exception()) for task in tasks} == {SystemExit}
        ended.append(await asyncio.sleep(0.01, "well"))

    ended: list[str] = []
    with asyncio.Runner(loop_factory=new_loop) as runner:
        run_to_its_end(runner.get_loop(), main())
        with pytest.raises(SystemExit):
            run_to_its_end(runner.get_loop(), leave())
    assert ended == ["well"]
