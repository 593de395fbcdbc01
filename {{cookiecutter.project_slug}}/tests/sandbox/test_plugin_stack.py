"""The tests in `tests/bot/` in both modes: in one process, and against a running stack."""

import asyncio
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.process import ROOT, service_process

BOT_TESTS = ["tests/bot", "--ignore=tests/bot/test_manager.py"]
"""Those in `test_manager.py` always start a service."""


async def run_pytest(*arguments: str) -> str:
    """Run pytest in a process of its own and return what it says. Fails if it fails."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.parametrize("workers", ["0", "2"])
async def test_in_one_process_nobody_needs_the_network(workers: str) -> None:
    said = await run_pytest("-p", "tests.sandbox.no_network", "-n", workers, *BOT_TESTS)
    assert "skipped" not in said


async def test_the_same_tests_pass_against_a_running_stack(
    redis_url: str, sandbox_url: str, tmp_path: Path
) -> None:
    tokens = dotenv_values(ROOT / ".env.example")["BOT_TOKENS"]
    assert tokens
    url = redis_url.removesuffix("/0") + "/3"
    service = service_process("bot", tmp_path, url, sandbox_url, BOT_TOKENS=tokens)
    try:
        await service.wait_ready()
        for workers in ("0", "2"):  # the second time it has seen others before
            said = await run_pytest("-n", workers, *BOT_TESTS, "--sandbox", sandbox_url)
            assert "3 skipped" in said  # which bring a dispatcher or bots of their own
    finally:
        await service.kill()
